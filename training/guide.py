"""The closed sets of the annotation guide (`training/data/ANNOTATION.md`): dialects, scripts, categories."""

from detector.records import Label

DIALECTS = frozenset(
    (
        "iraqi",
        "gulf",
        "yemeni",
        "egyptian",
        "sudanese",
        "levantine",
        "moroccan",
        "algerian",
        "tunisian",
        "libyan",
        "msa",
    )
)
SCRIPTS = frozenset(("arabic", "arabizi", "mixed"))
SHORT = {"T": Label.THREAT, "D": Label.DEMAND, "L": Label.LEVERAGE, "E": Label.EXTORTION, "V": Label.VICTIM}
EXTORTION_KINDS = (
    "sextortion_money",
    "sextortion_sexual",
    "expose_secret",
    "account_hostage",
    "data_ransom",
    "violence_for_money",
    "silence",
    "coerced_task",
    "reputation_business",
    "implicit",
)
_ALLOWED = dict.fromkeys(EXTORTION_KINDS, "TDE TDLE") | {
    "victim_report": "V",
    "victim_reply": "V",
    "threat_only": "T TL TD",
    "demand_only": "D",
    "lawful_condition": "D -",
    "platform_notice": "D",
    "scam": "D -",
    "commerce": "D -",
    "collective": "D -",
}
_UNLABELLED = (
    "joke",
    "photo_talk",
    "emotional",
    "chain_letter",
    "fiction",
    "news",
    "awareness",
    "legal",
    "chat",
)
ALLOWED = {
    category: [frozenset(SHORT[letter] for letter in letters.strip("-")) for letters in sets.split()]
    for category, sets in (_ALLOWED | dict.fromkeys(_UNLABELLED, "-")).items()
}
"""The label sets each category allows (annotation guide, table of categories)."""
