"""What Presidio's pattern recognisers find in the texts of a labelled set, as one JSON object.

    python presidio.py cases.jsonl

`findings` has the half-open places of each text, in UTF-16 units; `milliseconds` is processor time, a warm-up apart.
No language model is loaded: recognisers are asked one by one, and findings count from score 0.35 on. `side-by-side.ts`
makes the environment with the pinned version, runs this and compares.
"""

import json
import logging
import sys
import time

from presidio_analyzer import RecognizerRegistry

LEAST_SCORE = 0.35
WARM_UP = 50

# Without a network it takes the list of public suffixes that it brings along, and says so at length.
logging.getLogger("tldextract").setLevel(logging.CRITICAL)
registry = RecognizerRegistry()
registry.load_predefined_recognizers(languages=["en"])
recognisers = [one for one in registry.recognizers if type(one).__name__ != "SpacyRecognizer"]
failed = set()


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


def utf16(text, at):
    return len(text[:at].encode("utf-16-le")) // 2


with open(sys.argv[1], encoding="utf8") as file:
    texts = [json.loads(line)["text"] for line in file if line.strip()]
for text in texts[:WARM_UP]:
    find(text)
before = time.process_time()
found = [find(text) for text in texts]
seconds = time.process_time() - before
findings = [[[utf16(text, one.start), utf16(text, one.end)] for one in of] for text, of in zip(texts, found)]
result = {"findings": findings, "milliseconds": seconds * 1e3, "recognisers": len(recognisers)}
json.dump(result, sys.stdout)
for name in sorted(failed):
    print(f"failed: {name}", file=sys.stderr)
