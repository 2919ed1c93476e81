"""Scores Presidio's pattern recognisers on a labelled set, as `rankguard mask eval` scores Rankguard's detectors.

    python -m venv venv && venv/bin/pip install presidio-analyzer==2.2.366
    venv/bin/python bench/src/masking/presidio.py cases.jsonl
    rankguard mask eval cases.jsonl

No language model is loaded: recognisers are asked one by one, and findings count from score 0.35 on.
"""

import json
import sys
import time

from presidio_analyzer import RecognizerRegistry

LEAST_SCORE = 0.35
ENOUGH = 0.95

registry = RecognizerRegistry()
registry.load_predefined_recognizers(languages=["en"])
recognisers = [one for one in registry.recognizers if type(one).__name__ != "SpacyRecognizer"]


def find(text):
    findings = []
    for recogniser in recognisers:
        try:
            found = recogniser.analyze(text, recogniser.supported_entities, None) or []
        except Exception as error:  # Some recognisers need a network or a model; they find nothing here.
            failed.add(f"{type(recogniser).__name__}: {type(error).__name__}")
            continue
        findings += [one for one in found if one.score >= LEAST_SCORE]
    return findings


failed = set()
scores = {}
seconds = 0.0
size = benign = masked = 0
with open(sys.argv[1], encoding="utf8") as file:
    cases = [json.loads(line) for line in file if line.strip()]
for case in cases[:50]:
    find(case["text"])
for case in cases:
    text = case["text"]
    before = time.process_time()
    findings = find(text)
    seconds += time.process_time() - before
    size += len(text.encode())
    covered = {at for one in findings for at in range(one.start, one.end)}
    gold = set()
    for start, end, label in case["spans"]:
        gold.update(range(start, end))
        counted = [at for at in range(start, end) if text[at].isalnum()]
        score = scores.setdefault(label, [0, 0])
        score[0] += 1
        score[1] += sum(at in covered for at in counted) >= ENOUGH * len(counted)
    outside = [at for at in range(len(text)) if at not in gold and text[at].isalnum()]
    benign += len(outside)
    masked += sum(at in covered for at in outside)

for label, (values, hidden) in sorted(scores.items()):
    print(f"{label:<20} {values:>5} {hidden / values:.3f}")
print(f"benign letters and digits masked: {masked} of {benign}")
print(f"processor time: {seconds * 1e3 / size * 1e5:.0f} ms for 100 KB, {len(recognisers)} recognisers")
for name in sorted(failed):
    print(f"failed: {name}", file=sys.stderr)
