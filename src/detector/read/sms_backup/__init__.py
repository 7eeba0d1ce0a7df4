"""SMS Backup & Restore's XML: the messages (`sms-….xml`) or the calls (`calls-….xml`) of an Android phone.

Source: https://synctech.com.au/sms-backup-restore/fields-in-xml-backup-files/
"""

from detector.read.sms_backup.reader import read

__all__ = ["read"]
