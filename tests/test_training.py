"""The training pipeline end to end, on a tiny encoder and a slice of the corpus, with real libraries."""

import gzip
import json
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector import Detector
from detector.manifest import SCREEN, read_manifest
from detector.records import Label, OperatingPoint, Span
from training import config, corpus, run, split

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "training" / "data"


def _encoder(folder: Path, texts: list[str]) -> None:
    """A BERT of two layers, 64 wide, with 300 word pieces learnt from the texts."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers  # noqa: PLC0415 - as below
    from transformers import BertConfig, BertModel  # noqa: PLC0415 - torch takes seconds; other tests skip it

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=300,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        unk_token="<unk>",  # noqa: S106 - a word piece, no secret
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    BertModel(
        BertConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=128,
        )
    ).save_pretrained(folder)


def _public_posts(folder: Path, texts: list[str]) -> None:
    """A pool of posts, two of them judged."""
    (folder / "pool").mkdir()
    rows = [{"text": text, "source": "posts", "dialect": "iraqi", "script": "arabic"} for text in texts]
    with gzip.open(folder / "pool" / "posts.jsonl.gz", "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    none = dict.fromkeys(Label, 0)
    judged = [
        {"id": corpus.real_id(row), "category": "chat", "labels": none, "borderline": False}
        for row in rows[:2]
    ]
    corpus.write_json_lines(folder / "judgements" / "posts.jsonl", judged)


def _second_opinions(folder: Path, messages: list[dict[str, Any]]) -> None:
    """A second annotator who agrees with the first, except on the first message."""
    rows = [{"id": one["id"], "first": one["labels"], "second": one["labels"]} for one in messages]
    rows[0]["second"] = {label: 1 - value for label, value in messages[0]["labels"].items()}
    corpus.write_json_lines(folder / "second" / "some.jsonl", rows)


def _settings(folder: Path) -> Path:
    """The project's settings with other paths and one epoch."""
    lines = (ROOT / "training" / "config.toml").read_text(encoding="utf-8").splitlines()
    changed = {
        "corpus": folder / "data",
        "split": folder / "split.json",
        "base": folder / "base",
        "other_hands": folder / "other_hands",
        "judged": folder / "none",
        "judgements": folder / "judgements",
        "second": folder / "second",
        "pool": folder / "pool",
        "labelled": folder / "none",
        "heldout": folder / "none",
        "measure": folder / "none",
        "run": folder / "run",
        "model": folder / "model",
        "second_opinion": folder / "run" / config.TEACHER,
        "teacher": "",
        "warm_start": "",
    }
    small = {
        "epochs": 2,
        "scratch_layers": 1,
        "scratch_epochs": 1,
        "layers": 1,
        "presumed": 50,
        "rehearsed": 0.5,
        "bootstrap": 2,
        "tokens": 20_000,
        "messages": 200,
        "ranker": "",
        "candidates": 200,
        "real_messages": 150,
        "nearest": 50,
    }
    made = []
    for line in lines:
        name = line.split(" = ")[0]
        if name in changed:
            made.append(f"{name} = {str(changed[name])!r}")
        elif name in small:
            made.append(f"{name} = {small[name]!r}")
        elif name == "largest_loss":
            made.append("largest_loss = 0.05")
        else:
            made.append(line)
    path = folder / "config.toml"
    path.write_text("\n".join(made), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after every step has run."""
    folder = tmp_path_factory.mktemp("training")
    (folder / "data").mkdir()
    lines = (CORPUS / "iraqi.jsonl").read_text(encoding="utf-8").splitlines()
    lines += (CORPUS / "gulf.jsonl").read_text(encoding="utf-8").splitlines()
    random.Random(5).shuffle(lines)
    other = [line for line in lines if json.loads(line)["pair"] is None][:40]
    lines = [line for line in lines if line not in other]
    kept = lines[:400]
    (folder / "data" / "some.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")
    shutil.copy(CORPUS / "threads_iraqi.jsonl", folder / "data")
    (folder / "other_hands").mkdir()
    (folder / "other_hands" / "some.jsonl").write_text("\n".join(other) + "\n", encoding="utf-8")
    shutil.copy(CORPUS / "threads_gulf.jsonl", folder / "other_hands")
    _public_posts(folder, [json.loads(line)["text"] for line in lines[400:660]])
    _second_opinions(folder, [json.loads(line) for line in kept[:30]])
    _encoder(folder / "base", [json.loads(line)["text"] for line in kept])
    settings = _settings(folder)
    for step in ("split", *run.STEPS, "datasheet"):
        command = [sys.executable, "-W", "ignore", "-m", f"training.{step}", str(settings)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{step}: {done.stdout[-1000:]} {done.stderr[-2000:]}"
    return folder


def test_the_trained_model_loads_and_scores(folder: Path) -> None:
    (finding,) = Detector.load(folder / "model").scan_texts(["ادفع والا انشر صورك"])

    assert finding.scores is not None
    assert all(0 < score < 1 for score in finding.scores.as_dict().values())


def test_the_screen_lets_pass_what_the_model_flags_and_tells_what_it_lost(folder: Path) -> None:
    detector = Detector.load(folder / "model", screen=True)
    texts = [example.text for example in corpus.read_examples(folder / "data")]

    read = [one for one in detector.scan_texts(texts) if not one.screened]

    flagged = sum(one.flagged for one in Detector.load(folder / "model").scan_texts(texts))
    assert detector.screening is not None
    assert detector.screening.lost < detector.screening.flagged
    assert sum(one.flagged for one in read) >= 0.8 * flagged > 0


def test_the_metrics_name_the_model_they_measured(folder: Path) -> None:
    metrics = json.loads((folder / "model" / "metrics.json").read_text(encoding="utf-8"))

    assert metrics["model"] == Detector.load(folder / "model").manifest.version
    assert metrics["test_messages"] > 30
    assert 0 <= metrics["overall"]["f1"]["low"] <= metrics["overall"]["f1"]["high"] <= 1


def test_the_card_carries_the_measured_figures(folder: Path) -> None:
    metrics = json.loads((folder / "model" / "metrics.json").read_text(encoding="utf-8"))

    card = (folder / "model" / "README.md").read_text(encoding="utf-8")

    f1 = metrics["overall"]["f1"]
    assert f"{f1['value']:.3f} ({f1['low']:.3f} to {f1['high']:.3f}, n = {f1['cases']})" in card


def test_the_card_counts_the_real_messages_that_were_there_and_claims_nothing_of_other_corpora(
    folder: Path,
) -> None:
    presumed = len(corpus.read_silver(folder / "run"))

    card = (folder / "model" / "README.md").read_text(encoding="utf-8")

    assert f"2 judged look-alikes, and {presumed} presumed negatives" in card
    assert "with up to 75 real messages, not learnt from, as further negatives" in card
    assert "language-model sessions wrote" not in card


def _alone(folder: Path, tmp_path: Path) -> Path:
    """The settings of the finished run without a test set by other hands and a second annotator."""
    text = (folder / "config.toml").read_text(encoding="utf-8")
    for name in ("other_hands", "second", "judgements"):
        text = text.replace(repr(str(folder / name)), repr(str(tmp_path / "none")))
    text = text.replace(repr(str(folder / "model")), repr(str(tmp_path / "model")))
    shutil.copytree(folder / "run", tmp_path / "run")
    text = text.replace(repr(str(folder / "run")), repr(str(tmp_path / "run")))
    shutil.copytree(folder / "model", tmp_path / "model")
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    return tmp_path / "config.toml"


def test_a_corpus_without_a_test_set_by_other_hands_is_measured_too(folder: Path, tmp_path: Path) -> None:
    settings = _alone(folder, tmp_path)

    for step in ("probe", "evaluate", "card"):
        command = [sys.executable, "-W", "ignore", "-m", f"training.{step}", str(settings)]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True)

    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "there is no test set by other hands" in card
    assert "a linear probe of the encoder" in card
    assert "layers without pretraining" not in card  # measured with other hands, and not again


def test_the_model_stands_beside_a_probe_and_a_network_without_pretraining(folder: Path) -> None:
    told = json.loads((folder / "model" / "rivals.json").read_text(encoding="utf-8"))

    card = (folder / "model" / "README.md").read_text(encoding="utf-8")

    for name, said in (
        ("probe", "a linear probe of the encoder"),
        ("scratch", "layers without pretraining"),
    ):
        (line,) = (one for one in card.splitlines() if said in one)
        assert f"from {told[name]['messages']:,} messages" in line
        for part in ("test", "other_hands"):
            assert 0 < told[name][part]["auc"] < 1
            assert f", {told[name][part]['auc']} |" in line
    assert told["probe"]["other_hands"] != told["scratch"]["other_hands"]


def test_a_card_says_nothing_of_rivals_that_were_measured_on_other_messages(folder: Path) -> None:
    from training import rivals  # noqa: PLC0415 - torch takes seconds; other tests skip it

    settings = config.load(folder / "config.toml")
    others = replace(settings, paths=replace(settings.paths, other_hands=str(folder / "data")))

    assert rivals.current(settings).keys() == {"probe", "scratch"}
    assert rivals.current(others) == {}


def test_a_rival_that_the_settings_do_without_is_forgotten(folder: Path, tmp_path: Path) -> None:
    from training import rivals  # noqa: PLC0415 - as above

    settings = config.load(folder / "config.toml")
    settings = replace(settings, paths=replace(settings.paths, model=str(tmp_path)))
    shutil.copy(folder / "model" / rivals.RIVALS, tmp_path)

    rivals.forget(settings, "scratch")

    assert rivals.current(settings).keys() == {"probe"}


def test_each_part_of_the_scoring_is_left_out_once(folder: Path) -> None:
    found = json.loads((folder / "model" / "metrics.json").read_text(encoding="utf-8"))["auc_by_part"]

    assert len({tuple(row.values()) for row in found.values()}) == len(found) == 5


def test_a_datasheet_needs_neither_second_annotator_nor_other_hands_nor_model(tmp_path: Path) -> None:
    from training.datasheet import datasheet  # noqa: PLC0415 - it takes seconds; other tests skip it

    message = {"id": "one", "text": "شلونك", "dialect": "iraqi", "script": "arabic", "category": "chat"}
    rest: dict[str, Any] = {"pair": None, "labels": dict.fromkeys(Label, 0), "spans": []}
    corpus.write_json_lines(tmp_path / "mine.jsonl", [message | rest])
    settings = config.load(ROOT / "training" / "config.toml")
    nothing = dict.fromkeys(("other_hands", "judgements", "second", "model"), str(tmp_path / "none"))
    paths = replace(settings.paths, corpus=str(tmp_path), **nothing)

    page = datasheet(replace(settings, paths=paths))

    assert "| messages | 1 | 0 |" in page
    assert "written for this project" not in page
    assert "alpha |" not in page


def test_where_there_is_no_extortion_nothing_is_said_of_finding_it() -> None:
    import numpy as np  # noqa: PLC0415 - as above

    from training.evaluate import by_slice  # noqa: PLC0415 - as above
    from training.judged import judged  # noqa: PLC0415 - as above

    labels = [{Label.EXTORTION: one} for one in (1, 0, 0)]
    examples = [corpus.Example(str(at), "نص", one) for at, one in enumerate(labels)]
    said = judged(np.array([0.9, 0.1, 0.8]), np.array([True, False, True]), examples)

    found = by_slice(said, ["gulf", "gulf", "msa"], rounds=10)

    assert found["gulf"]["f1"] == {"value": 1.0, "cases": 2, "low": 0.0, "high": 1.0}
    assert found["msa"]["f1"] == {"value": None, "cases": 0, "low": 0.0, "high": 1.0}
    assert found["msa"]["false_alarms"] == {"value": 1.0, "cases": 1, "low": 0.2065, "high": 1.0}


def test_no_group_straddles_the_split(folder: Path) -> None:
    held = json.loads((folder / "split.json").read_text(encoding="utf-8"))

    assert held["development"]
    assert held["test"]
    assert not set(held["development"]) & set(held["test"])


def test_new_messages_leave_the_old_ones_where_they_were(folder: Path, tmp_path: Path) -> None:
    before = json.loads((folder / "split.json").read_text(encoding="utf-8"))
    shutil.copytree(folder / "data", tmp_path / "data")
    shutil.copy(folder / "split.json", tmp_path)
    shutil.copy(CORPUS / "tunisian.jsonl", tmp_path / "data")
    command = [sys.executable, "-m", "training.split", str(_settings(tmp_path))]

    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)

    after = json.loads((tmp_path / "split.json").read_text(encoding="utf-8"))
    assert all(set(before[part]) <= set(after[part]) for part in before)
    assert len(after["test"]) > len(before["test"])


def test_a_finished_fine_tuning_is_not_done_again(folder: Path) -> None:
    before = (folder / "run" / "progress.json").read_text(encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "-m", "training.finetune", str(folder / "config.toml")]

    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)

    assert (folder / "run" / "progress.json").read_text(encoding="utf-8") == before


def test_a_run_of_other_data_begins_anew(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch  # noqa: PLC0415 - it takes seconds; other tests skip it

    from training import model  # noqa: PLC0415 - as above
    from training.epochs import Epochs, Plan  # noqa: PLC0415 - as above

    start = folder / "run" / config.STUDENT
    network = model.load(start)
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.1)
    model.descend(network, optimiser, sum((one**2).sum() for one in network.parameters()))  # type: ignore[arg-type]
    first = Epochs(tmp_path, "", tmp_path / "best", Plan(2, source="these messages"))
    first.keep(network, optimiser, {"average_precision": 0.5}, model.Origin(str(start), True, 2, 0.1))

    again = Epochs(tmp_path, "", tmp_path / "best", Plan(2, source="these messages"))
    assert again.resume(network, optimiser) == 1
    other = Epochs(tmp_path, "", tmp_path / "best", Plan(2, source="those messages"))
    assert other.resume(network, optimiser) == 0

    assert "begins anew" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_what_a_run_learns_from_is_told_apart_by_settings_corpus_and_networks(
    folder: Path, tmp_path: Path
) -> None:
    from training.epochs import learnt_from  # noqa: PLC0415 - it imports torch, which takes seconds

    settings = config.load(folder / "config.toml")
    copied = tmp_path / "data"
    copied.mkdir()
    (copied / "a.jsonl").write_text("{}\n", encoding="utf-8")
    of_copy = replace(settings, paths=replace(settings.paths, corpus=str(copied)))
    digests = [
        learnt_from(settings, ()),
        learnt_from(replace(settings, finetune=replace(settings.finetune, seed=99)), ()),
        learnt_from(settings, [str(folder / "run" / config.STUDENT)]),
        learnt_from(of_copy, ()),
    ]
    (copied / "a.jsonl").write_text("{}\n{}\n", encoding="utf-8")

    assert len({*digests, learnt_from(of_copy, ())}) == 5
    assert learnt_from(settings, ()) == digests[0]


def test_the_adapted_encoder_is_what_fine_tuning_starts_from(folder: Path) -> None:
    done = json.loads((folder / "run" / "adapted" / "adapt.json").read_text(encoding="utf-8"))

    assert done["tokens"] >= 20_000
    assert config.load(folder / "config.toml").start == str(folder / "run" / "adapted")


def test_a_finished_pretraining_is_not_done_again(folder: Path) -> None:
    before = (folder / "run" / "adapted" / "adapt.json").read_text(encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "-m", "training.adapt", str(folder / "config.toml")]

    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)

    assert (folder / "run" / "adapted" / "adapt.json").read_text(encoding="utf-8") == before


def test_a_screen_that_was_taught_before_is_measured_and_not_taught(folder: Path, tmp_path: Path) -> None:
    settings = (folder / "config.toml").read_text(encoding="utf-8")
    copy = Path(shutil.copytree(folder / "model", tmp_path / "model"))
    taught = folder / "model" / SCREEN
    settings = settings.replace('network = ""', f"network = {str(taught)!r}")
    settings = settings.replace(repr(str(folder / "model")), repr(str(copy)))
    (tmp_path / "config.toml").write_text(settings, encoding="utf-8")
    (copy / SCREEN).unlink()

    command = [sys.executable, "-W", "ignore", "-m", "training.screen", str(tmp_path / "config.toml")]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)

    assert (copy / SCREEN).read_bytes() == taught.read_bytes()
    assert read_manifest(copy).screen == read_manifest(folder / "model").screen


@pytest.mark.parametrize("prefix", ["", "student-"])
def test_the_last_epochs_are_averaged_and_the_average_is_assessed(folder: Path, prefix: str) -> None:
    done = json.loads((folder / "run" / f"{prefix}average.json").read_text(encoding="utf-8"))

    assert [0 <= one["average_precision"] <= 1 for one in done.values()] == [True]
    assert sorted(path.name for path in (folder / "run").glob(f"{prefix}epoch-*")) == [
        f"{prefix}epoch-1",
        f"{prefix}epoch-2",
    ]


@pytest.mark.parametrize("number", [1, 2])
def test_a_run_that_began_with_a_network_tries_half_of_it(folder: Path, tmp_path: Path, number: int) -> None:
    import torch  # noqa: PLC0415 - it takes seconds; other tests skip it
    from safetensors.torch import load_file  # noqa: PLC0415 - as above

    from training import model  # noqa: PLC0415 - as above
    from training.batches import Batches, tag  # noqa: PLC0415 - as above
    from training.epochs import Epochs, Plan  # noqa: PLC0415 - as above

    settings = config.load(folder / "config.toml")
    learnt = corpus.read_training(settings.paths)
    batches = Batches(settings, model.load_tokenizer(settings.paths.base), 512, learnt)
    development = list(batches.collate([tag(one) for one in corpus.read_examples(folder / "data")[:20]]))
    start = folder / "run" / config.STUDENT
    network = model.load(start)
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.1)
    epochs = Epochs(tmp_path, "", tmp_path / "best", Plan(2, str(start)))
    for _ in range(number):
        model.descend(network, optimiser, sum((one**2).sum() for one in network.parameters()))  # type: ignore[arg-type]
        epochs.keep(network, optimiser, {"average_precision": 2.0}, model.Origin(str(start), True, 2, 0.1))

    epochs.average(network, development)

    began, first, last = (
        load_file(path / model.WEIGHTS)
        for path in (start, tmp_path / "epoch-1", tmp_path / f"epoch-{number}")
    )
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, began[name] / 2 + first[name] / 4 + last[name] / 4)
    assert len(json.loads((tmp_path / "average.json").read_text(encoding="utf-8"))) == 2 * number - 1
    assert model.origin_of(tmp_path / "best").average == ""


def test_an_epoch_leaves_out_what_a_network_knows_by_heart_but_keeps_pairs_together(folder: Path) -> None:
    import torch  # noqa: PLC0415 - torch takes seconds; other tests skip it

    from training import config, model  # noqa: PLC0415 - as above
    from training.batches import Batches  # noqa: PLC0415 - as above

    settings = config.load(folder / "config.toml")
    learnt = corpus.read_training(settings.paths)
    batches = Batches(settings, model.load_tokenizer(settings.paths.base), 512, learnt)
    network = model.load(folder / "run" / config.STUDENT)
    with torch.no_grad():  # whatever it reads, it finds nothing: so it knows the messages that are nothing
        for name, value in network.named_parameters():
            if name.startswith("message"):
                value.fill_(-9.0 if name.endswith("bias") else 0.0)
    learnt = [one for one in learnt if one.source != "silver"]
    told = {one.pair for one in learnt if one.pair and any(one.labels.values())}

    known = batches.rehearse(network, 0.0)

    of_no_use = [one for one in learnt if not any(one.labels.values()) and one.pair not in told]
    assert known == len(of_no_use) > 0
    assert sum(len(batch.targets) for batch in batches.epoch(0, presumed=0)) == len(learnt) - known
    assert batches.rehearse(network, 1.0) == known


def test_ordinary_messages_beside_an_example_change_neither_targets_nor_spans() -> None:
    from training.batches import Tagged, among  # noqa: PLC0415 - torch takes seconds; other tests skip it

    example = Tagged("ادفع والا", b"\1\1\1\1\0\2\2\2\2", (1, 1, 1, 0, 0))
    ordinary = [Tagged(text, bytes(len(text)), (0,) * 5) for text in ("صباح الخير", "رحت للسوق", "ح" * 400)]

    made = [among(example, ordinary, random.Random(seed)) for seed in range(20)]

    assert len({one.text for one in made}) > 5
    for one in made:
        at = one.text.index(example.text)
        assert one.tags[at : at + len(example.text)] == example.tags
        assert sum(map(bool, one.tags)) == sum(map(bool, example.tags))
        assert (len(one.tags), one.targets) == (len(one.text), example.targets)
        assert "ح" * 400 not in one.text


@pytest.mark.parametrize(
    ("margin", "least", "balanced"), [(0.0, 0.0, 0.3), (0.05, 0.0, 0.6), (0.0, 0.5, 0.5)]
)
def test_of_balanced_thresholds_that_are_as_good_the_middle_is_taken(
    margin: float, least: float, balanced: float
) -> None:
    from training.operating_points import thresholds  # noqa: PLC0415 - it imports scikit-learn, which takes seconds

    wanted = replace(config.load(ROOT / "training" / "config.toml").calibrate, margin=margin)
    scores = np.array([0.9] * 90 + [0.3] * 10 + [0.3] * 8 + [0.1] * 92)  # F1 0.962 at 0.3, 0.947 at 0.9
    truth = np.array([1] * 100 + [0] * 100)

    assert thresholds(scores, truth, least, wanted)[OperatingPoint.BALANCED] == pytest.approx(balanced)


def test_a_balanced_threshold_does_not_lie_in_a_dip_between_two_good_ones() -> None:
    from training.operating_points import thresholds  # noqa: PLC0415 - as above

    wanted = replace(config.load(ROOT / "training" / "config.toml").calibrate, margin=0.04)
    scores = np.array([0.9] * 870 + [0.5] * 160 + [0.2] * 130 + [0.1] * 1000)  # F1 0.930, 0.857, 0.926
    truth = np.array([1] * 870 + [0] * 160 + [1] * 130 + [0] * 1000)

    assert thresholds(scores, truth, 0.0, wanted)[OperatingPoint.BALANCED] == pytest.approx(0.9)


def test_a_balanced_threshold_hangs_on_no_single_message() -> None:
    from training.operating_points import thresholds  # noqa: PLC0415 - as above

    wanted = config.load(ROOT / "training" / "config.toml").calibrate

    def spread(resamples: int) -> float:
        found = []
        for seed in range(12):
            dice = np.random.default_rng(seed)
            truth = (dice.random(1000) < 0.4).astype(int)
            scores = 1 / (1 + np.exp(-dice.normal(truth * 3.0 - 1.5, 1.5)))
            made = thresholds(scores, truth, 0.0, replace(wanted, resamples=resamples))
            found.append(made[OperatingPoint.BALANCED])
        return float(np.std(found))

    assert spread(200) < 0.8 * spread(1)


def _written(text: str, category: str, labels: str, *spans: tuple[str, Label]) -> corpus.Example:
    known = {label: int(label.value in labels.split()) for label in Label}
    found = tuple(Span(text.index(said), text.index(said) + len(said), label) for said, label in spans)
    return corpus.Example(text, text, known, found, "iraqi", "arabic", category, pair="p")


@pytest.mark.parametrize(
    ("host", "fixed"),
    [
        (
            _written("دز كارت لو اخوك يشوف", "silence", "extortion threat demand", ("دز كارت", Label.DEMAND)),
            " لو اخوك يشوف",
        ),
        (_written("دز الايجار من رخصتك", "demand_only", "demand", ("دز الايجار", Label.DEMAND)), " من رخصتك"),
        (_written("اكسر ايدك والله", "threat_only", "threat", ("اكسر ايدك", Label.THREAT)), " والله"),
    ],
)
def test_phrases_are_exchanged_for_those_of_the_same_label(host: corpus.Example, fixed: str) -> None:
    from training.exchange import Phrases  # noqa: PLC0415 - as above

    (label,) = {span.label for span in host.spans}
    others = [
        _written(f"كلمة {number}", "silence", "extortion threat demand", (f"كلمة {number}", label))
        for number in range(30)
    ]

    made = [Phrases([*others, host]).exchange(host, random.Random(seed)) for seed in range(20)]

    assert len({one.text for one in made}) > 10
    for one in made:
        (span,) = one.spans
        assert one.text.endswith(fixed)
        assert one.text[span.start : span.end] + fixed == one.text
        assert (span.label, one.labels) == (label, host.labels)
        assert (one.pair is None) == (one.text != host.text)


@pytest.mark.parametrize(
    "host",
    [
        _written("دز الايجار لو اطلع", "lawful_condition", "demand", ("دز الايجار", Label.DEMAND)),
        _written(
            "اسكت لو اكسرك", "threat_only", "threat demand", ("اكسرك", Label.THREAT), ("اسكت", Label.DEMAND)
        ),
    ],
)
def test_no_phrase_is_exchanged_where_the_verdict_may_hang_on_it(host: corpus.Example) -> None:
    from training.exchange import Phrases  # noqa: PLC0415 - as above

    others = [
        _written(f"كلمة {number}", "silence", "extortion threat demand", (f"كلمة {number}", label))
        for number in range(30)
        for label in (Label.THREAT, Label.DEMAND)
    ]

    assert all(Phrases(others).exchange(host, random.Random(seed)) is host for seed in range(10))


def test_word_pieces_are_hidden_but_never_the_special_ones() -> None:
    import torch  # noqa: PLC0415 - it takes seconds; other tests skip it

    from training.batches import Batch, hide  # noqa: PLC0415 - as above

    ids = torch.tensor([[0, 7, 7, 7, 2], [0, 7, 2, 1, 1]])
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    batch = Batch(ids, mask, torch.zeros(2, 5), ids, torch.zeros(0, 2, dtype=torch.long))
    dice = torch.Generator().manual_seed(1)

    assert torch.equal(hide(batch, 4, 0.0, dice).input_ids, ids)
    assert torch.equal(hide(batch, 4, 1.0, dice).input_ids, torch.where(ids == 7, 4, ids))
    half = torch.stack([hide(batch, 4, 0.5, dice).input_ids for _ in range(200)])
    assert 0.4 < float((half[:, ids == 7] == 4).float().mean()) < 0.6


def _apart(settings: config.Config, label: int | None) -> dict[float, float]:
    """How far students that say 0.2, 0.4 and 0.6 are from opinions of 0.2 and 0.6, given that label."""
    import torch  # noqa: PLC0415 - it takes seconds; other tests skip it

    from training.batches import UNKNOWN, Batch  # noqa: PLC0415 - as above
    from training.distil import imitation  # noqa: PLC0415 - as above
    from training.model import Outputs  # noqa: PLC0415 - as above

    states = (torch.ones(2, 3, 4), torch.ones(2, 3, 4))
    pieces = torch.ones(2, 3, dtype=torch.long)
    targets = torch.full((2, 5), float(UNKNOWN if label is None else label))
    batch = Batch(pieces, pieces, targets, pieces, torch.zeros(0, 2, dtype=torch.long))

    def says(probability: float) -> Outputs:
        return Outputs(torch.logit(torch.full((2, 5), probability)), torch.zeros(2, 3, 4), states)

    opinions = [says(0.2), says(0.6)]
    return {one: float(imitation(says(one), opinions, batch, settings)) for one in (0.2, 0.4, 0.6)}


@pytest.mark.parametrize("label", [None, 0])
def test_a_student_imitates_the_mean_of_two_opinions(folder: Path, label: int | None) -> None:
    apart = _apart(config.load(folder / "config.toml"), label)

    assert min(apart, key=apart.__getitem__) == 0.4


def test_a_student_does_not_follow_opinions_against_the_label(folder: Path) -> None:
    apart = _apart(config.load(folder / "config.toml"), label=1)

    assert len(set(apart.values())) == 1


def test_judged_posts_are_learnt_from_and_not_presumed(folder: Path) -> None:
    paths = config.load(folder / "config.toml").paths

    learnt = corpus.read_judged_pool(Path(paths.judgements), Path(paths.pool))
    presumed = corpus.read_silver(Path(paths.run))

    assert len(learnt) == 2
    assert not {one.text for one in learnt} & {one.text for one in presumed}


def test_the_datasheet_counts_the_corpus(folder: Path) -> None:
    page = (folder / "data" / "README.md").read_text(encoding="utf-8")

    assert "| messages | 400 | 40 |" in page
    assert "The two agreed on the whole label set of 29 (97 %)" in page


def test_a_new_message_like_one_that_was_learnt_from_is_learnt_from_too() -> None:
    old = corpus.Example("old", "حولي خمسمية دولار قبل باچر والا صورك توصل لاهلك", {}, dialect="iraqi")
    new = replace(old, id="new", text="حولي خمسمية دولار قبل باچر والا صورك توصل لابوك")
    before = corpus.Partition(frozenset({"old"}), frozenset(), frozenset())
    shares = config.Split(test=1.0, development=0.0, threads_test=1.0, threads_development=0.0, seed=1)

    after = split.place([old, new], before, shares)

    assert after.train == {"old", "new"}


def test_an_old_message_stays_where_it_is_whatever_comes_beside_it() -> None:
    old = corpus.Example("old", "حولي خمسمية دولار قبل باچر والا صورك توصل لاهلك", {}, dialect="iraqi")
    tested = replace(old, id="tested", text="حولي خمسمية دولار قبل باچر والا صورك توصل لابوك")
    before = corpus.Partition(frozenset({"old"}), frozenset(), frozenset({"tested"}))
    shares = config.Split(test=0.5, development=0.0, threads_test=0.5, threads_development=0.0, seed=1)

    assert split.place([old, tested], before, shares) == before
