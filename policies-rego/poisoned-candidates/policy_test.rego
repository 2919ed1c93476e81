package rankguard.library.poisoned_candidates_test

import data.rankguard.library.poisoned_candidates

found(kind, index, score, source) := {
	"kind": kind, "index": index, "score": score, "source": source, "path": "documents[0].text", "count": 1,
}

dropped(findings) := {item.index |
	some item in poisoned_candidates.drop with input.findings as findings
		with data.least as {"INSTRUCTIONS": 0.7}
}

denied(findings, unknown) := found if {
	found := count(poisoned_candidates.deny) with input.findings as findings with data.unknown as unknown
}

test_sure_signs_are_dropped if dropped([found("INSTRUCTIONS", 3, 0.9, "instructions")]) == {3}

test_weak_signs_stay if dropped([found("INSTRUCTIONS", 3, 0.6, "instructions")]) == set()

test_what_is_not_listed_stays if dropped([found("NEAR_DUPLICATE", 3, 1, "duplicates")]) == set()

test_what_was_not_looked_at_is_denied if {
	denied([found("DETECTOR_FAILED", 1, 1, "instructions")], "deny") == 1
	denied([found("DETECTOR_FAILED", 1, 1, "instructions")], "keep") == 0
	denied([found("DETECTOR_FAILED", 1, 1, "pii")], "deny") == 0
}
