"""What a surface tells: something where classes differ in it, nothing where too few messages are left."""

from training.dullness import LEAST, tellable


def test_of_too_few_messages_nothing_is_told() -> None:
    texts = ["هلا", "شلونك", "زين"]

    assert tellable(texts, ["one", "two", "three"], texts) == {}


def test_classes_that_differ_in_length_are_told_apart() -> None:
    texts = ["كلمة " * (1 + at % 3) for at in range(LEAST)] + ["كلمة " * (9 + at % 3) for at in range(LEAST)]
    groups = [str(at) for at in range(len(texts))]

    told = tellable(texts, ["short"] * LEAST + ["long"] * LEAST, groups)

    assert told == {"long": 1.0, "short": 1.0}
