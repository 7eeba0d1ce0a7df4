"""The section that says how to read the page, and what it does not say."""

from collections.abc import Iterable, Iterator

from detector.records import SPAN_LABELS, Label
from detector.report.html_page.labels import LABELS
from detector.report.html_page.markup import both, section, term

NOTICE = both(
    "هذا التقرير أداة تساعد على القرار، وليس دليلًا. وهو يصف نصوصًا، لا أفعال أشخاص.",
    "This report supports a decision; it is not proof. It describes texts, not the deeds of persons.",
)

_LIMITS = (
    both(
        "<b>الدرجة</b> رقم بين 0 و1 يعطيه النموذج لنصّ الرسالة <b>وحدها</b>، من غير ما قيل قبلها أو بعدها، "
        "إلا ما سُمّي «في سياقه».",
        "A <b>score</b>, a number from 0 to 1, is what the model gives the text of the message <b>alone</b>, "
        "without what was said before or after, unless it is named “in context”.",
    ),
    both(
        "الدرجات معايَرة على خليط رسائل التقييم الموصوف في بطاقة النموذج. وحيث تندر رسائل الابتزاز، فإن درجة "
        "0.97 لا تعني أن الاحتمال 97٪.",
        "Scores are calibrated to the mix of messages of the evaluation that the model card describes. They "
        "are not posterior odds for rare events: where these are rare, 0.97 does not mean a chance of "
        "97%.",
    ),
    both(
        "تظهر هنا الرسائل التي بلغت درجتها العتبة المذكورة. والنموذج يخطئ في الاتجاهين: قد تفوته رسالة، وقد "
        "يُظهر رسالة لا ضرر فيها. معدلات الخطأ المعروفة مذكورة في بطاقة النموذج.",
        "Shown are the messages whose score reached the threshold given below. The model errs both ways: it "
        "misses messages, and it shows harmless ones. Known error rates stand in the model card.",
    ),
    both(
        "حيث سبقت الرسالةَ رسائل أخرى من مرسِلها فيها ما يقلق، تُحسب درجة «الابتزاز في سياقه» من "
        "الرسالة وما قبلها وما أُجيب به، وهي التي تُقاس بالعتبة. فقد تظهر رسالة لا تقول "
        "وحدها إلا القليل: اقرأ ما قبلها.",
        "Where a sender said something disquieting before, “extortion in context” scores the message given "
        "what was said and answered, and that score is held against the threshold. So a message may be shown "
        "that says little alone: read what stands before it.",
    ),
    both(
        "عمود «رسائل مرسِلٍ واحد مجتمعةً» وزنٌ إحصائي لدرجات رسائل المرسِل في المحادثة، "
        "كلٍّ على حدة وفي سياقها، وما أُجيب به. وكلما طالت المحادثة زاد احتمال أن تبلغ "
        "العتبة من غير سبب؛ فهو موضع تبدأ منه القراءة.",
        "“One sender's messages together” weighs the scores of a sender's messages in a thread, each alone "
        "and in its context, and what was answered. The longer a thread, the likelier it "
        "reaches the threshold for no reason: it is a place to begin reading.",
    ),
    both(
        "تفاصيل الرسالة (مبلغ، مهلة، وسيلة دفع، حساب، هاتف) مستخرجة بقواعد ثابتة، ولا تدخل في أي درجة.",
        "Details of a message (amount, deadline, means of payment, account, phone) are found by fixed rules "
        "and enter no score.",
    ),
    both(
        "أسماء المرسِلين والأوقات منقولة كما وردت في الملفات، ولا يُستدلّ بها وحدها على هوية من كتب.",
        "Names of senders and times are given as the files have them; alone they do not show who wrote.",
    ),
    both(
        "لا يقرأ النموذج إلا النصوص. الصور والتسجيلات والمكالمات والرسائل المحذوفة تُعدّ ولا تُقيَّم.",
        "The model reads text only. Pictures, recordings, calls and deleted messages are "
        "counted, not scored.",
    ),
    both(
        'المحارف الخفية أو التي تقلب ترتيب القراءة تظهر رمزًا مثل <span class="cp" dir="ltr">‹U+202E›</span>. '
        "النص الحرفي في findings.jsonl (يُكتب حين يكون --out مجلدًا)، "
        "ومن شاء الاستشهاد فليرجع إلى الملف الأصلي.",
        "Characters that are invisible or reorder text are shown as a token such as "
        '<span class="cp" dir="ltr">‹U+202E›</span>. '
        "The verbatim text is in findings.jsonl (written where --out is a folder); "
        "quote from the original file.",
    ),
)

_SCREENED = both(
    "مُرِّرت الرسائل أولًا على شبكة صغيرة جدًا، وما عدّته غير مؤذٍ <b>لم يقرأه النموذج</b> ولا درجة له. "
    "وما قد يضيع بذلك مذكور في سجلّ التشغيل.",
    "A very small network looked at the messages first; what it held to be harmless was <b>not read by the "
    "model</b> and has no score. What that may lose stands in the run record.",
)
_REACHED = both("بلغت العتبة", "reached the threshold")
_BELOW = both("دون العتبة", "below it")
_TICK = both("الخط الرأسي في كل شريط هو العتبة.", "The upright line in each bar is the threshold.")


def guide(*, screened: bool) -> Iterable[str]:
    """What the report says and does not say, what the labels mean, how phrases are marked."""
    heading = both("ما يقوله هذا التقرير وما لا يقوله", "What this report does and does not say")
    return section("guide", heading, _parts((*_LIMITS, _SCREENED) if screened else _LIMITS))


def _parts(limits: Iterable[str]) -> Iterator[str]:
    yield '<ul class="limits">' + "".join(f"<li>{limit}</li>" for limit in limits) + "</ul>\n"
    yield f"<h3>{both('معاني التصنيفات', 'What the labels mean')}</h3>\n"
    yield f'<dl class="labels">{"".join(_label(label) for label in Label)}</dl>\n'
    yield (
        f'<p class="legend"><b class="reached">{_REACHED}</b> <span class="dot">·</span> '
        f'<span class="below">{_BELOW}</span> <span class="dot">·</span> {_TICK}</p>\n'
    )


def _label(label: Label) -> str:
    """A definition, the name marked as its phrases are."""
    meaning = LABELS[label]
    name = meaning.name()
    if label in SPAN_LABELS:
        arabic, english = (
            f'<mark class="{label}">{word}</mark>' for word in (meaning.arabic, meaning.english)
        )
        name = term(arabic, english, gloss=meaning.english)
    return f"<div><dt>{name}</dt><dd>{meaning.definition()}</dd></div>"
