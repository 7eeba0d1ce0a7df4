"""What labels and verdicts are called and what they mean, in Arabic and English (annotation guide)."""

from dataclasses import dataclass

from detector.records import DetailKind, Label, Verdict
from detector.report.html_page.markup import both, term


@dataclass(frozen=True, slots=True)
class Meaning:
    """A label's name and definition in both languages."""

    arabic: str
    english: str
    arabic_definition: str
    english_definition: str

    def name(self) -> str:
        """The name as markup, with the English term beside the Arabic."""
        return term(self.arabic, self.english)

    def definition(self) -> str:
        """The definition as markup."""
        return both(self.arabic_definition, self.english_definition)


LABELS = {
    Label.EXTORTION: Meaning(
        "ابتزاز",
        "extortion",
        "نصّ يجمع بين مطلب وتهديد: الاستجابة أو الضرر. وقد يكون أحد الطرفين ضمنيًا.",
        "The text couples a demand with a threat: comply, or be harmed. Either side may be implicit.",
    ),
    Label.THREAT: Meaning(
        "تهديد",
        "threat",
        "نصّ يعلن، تصريحًا أو تلميحًا واضحًا، ضررًا يُحدثه كاتبه أو يسمح بحدوثه للمخاطَب أو لمن يهمّه أو لما يهمّه.",
        "The text announces or clearly implies a harm that its author would cause or let happen to the "
        "recipient or to people and things dear to them.",
    ),
    Label.DEMAND: Meaning(
        "مطلب",
        "demand",
        "نصّ يُلزم المخاطَب بأن يعطي شيئًا أو يفعله أو يكفّ عنه، ولو من غير تصريح.",
        "The text requires the recipient to give, do, stop or not do something, even unspoken.",
    ),
    Label.LEVERAGE: Meaning(
        "ورقة ضغط",
        "leverage",
        "نصّ يذكر أو يُظهر مادة أو معلومة أو وصولًا إلى حساب أو جهاز من شأنه أن يضرّ المخاطَب.",
        "The text claims to hold or shows material, knowledge or access that could hurt the recipient.",
    ),
    Label.VICTIM: Meaning(
        "متضرّر",
        "victim",
        "نصّ بلسان من يعاني ابتزازًا أو يبلّغ عنه أو يتكلّم نيابةً عنه: طلب مساعدة، أو سرد، أو نقل، أو ردّ.",
        "The text is written as by somebody who suffers or reports extortion, or who speaks for them: a call "
        "for help, an account, a quotation, an answer.",
    ),
}

VERDICTS = {
    Verdict.EXTORTION: term("ابتزاز", "extortion"),
    Verdict.VICTIM: term("متضرّر", "victim"),
    Verdict.THREAT: term("تهديد", "threat"),
    Verdict.DEMAND: term("مطلب", "demand"),
    Verdict.NONE: term("لا شيء", "none"),
}

DETAILS = {
    DetailKind.AMOUNT: term("مبلغ", "amount"),
    DetailKind.DEADLINE: term("مهلة", "deadline"),
    DetailKind.CHANNEL: term("وسيلة دفع", "channel"),
    DetailKind.HANDLE: term("حساب", "handle"),
    DetailKind.PHONE: term("هاتف", "phone"),
}
