"""What WhatsApp writes of a call: who did not answer, and how long it lasted."""

import re

_NUMBER_OF = "[0-9٠-٩۰-۹:]{1,8}"
_LASTED = rf"{_NUMBER_OF}(?: ?(?:secs?|seconds?|mins?|minutes?|hrs?|hours?|[smh]))?"
_LASTED_AR = (
    rf"و?(?:{_NUMBER_OF}(?: ?(?:ثانية|ثوان|ثواني|دقيقة|دقائق|ساعة|ساعات|[ثدس]))?|دقيقة|دقيقتان|ساعة|ساعتان)"
)
_LASTED_FR = rf"(?:et )?{_NUMBER_OF}(?: ?(?:s|sec|secondes?|min|minutes?|h|heures?))?"
CALL = re.compile(
    "(?:missed |silenced |declined )?(?:group (?:voice |video )?|voice |video )call"
    rf"(?:[,.] (?:no answer|not answered|answered on (?:an)?other device|{_LASTED}(?:,? {_LASTED}){{0,2}}"
    "|(?:tap|click) to call back|[0-9]{1,3} (?:people )?joined)){0,3}"
    "|(?:لم يرد على )?مكالمة (?:صوتية|فيديو|مرئية|جماعية)(?: جماعية)?(?: فائتة| مرفوضة| لم يتم الرد عليها)?"
    "(?:[،,.] (?:لم يتم الرد|لا يوجد رد|(?:تم )?الرد (?:على|من) جهاز آخر|(?:اضغط|انقر) لمعاودة الاتصال"
    rf"|{_LASTED_AR}(?:،? {_LASTED_AR}){{0,2}})){{0,3}}"
    "|(?:لديك |فاتتك )مكالمة (?:صوتية|فيديو)(?: فائتة)?"
    "|appel (?:vocal|vidéo)(?: de groupe)?(?: manqué| refusé)?"
    "(?:[,.] (?:pas de réponse|sans réponse|répondu sur un autre appareil|appuyez pour rappeler"
    rf"|{_LASTED_FR}(?:,? {_LASTED_FR}){{0,2}})){{0,3}}"
    "|(?:verpasster )?(?:sprach|video)anruf(?:[,.] (?:keine antwort|"
    rf"{_LASTED})){{0,2}}"
    "|(?:cevapsız )?(?:sesli|görüntülü) arama(?:[,.] (?:cevap yok|"
    rf"{_NUMBER_OF}(?: ?(?:sn|dk|sa))?)){{0,2}}"
)

BARE_CALL = re.compile(
    "(?:group (?:voice |video )?|voice |video )call|مكالمة (?:صوتية|فيديو|مرئية|جماعية)|appel (?:vocal|vidéo)"
    "|(?:sprach|video)anruf|(?:sesli|görüntülü) arama"
)
"""What a person may as well have typed, as a demand for one."""
