"""Amounts, deadlines, payment channels, handles and phone numbers in a message, found by rules.

Details explain a finding and never decide it: no score, flag or verdict depends on them. Amounts, deadlines
and channels are read from the normalised text, so that spelling and evasions do not hide them; handles,
wallets and phone numbers from the original, since the normaliser leaves them out.
"""

from detector.details.deadlines import deadlines_of
from detector.details.references import references_of
from detector.details.words import amounts_of, channels_of

__all__ = ["amounts_of", "channels_of", "deadlines_of", "references_of"]
