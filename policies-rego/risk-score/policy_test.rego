package rankguard.library.risk_score_test

import data.rankguard.library.risk_score

quiet := {
	"identity": {"kind": "user"},
	"request": {"time": {"hour": 10}, "counts": {"documents": 3}},
	"usage": {"novel": {"identity": false, "dataset": false, "model": false}, "hour": {"denied": 0}},
	"findings": [],
}

loud := {
	"identity": {"kind": "anonymous"},
	"request": {"time": {"hour": 3}, "counts": {"documents": 900}},
	"usage": {"novel": {"identity": true, "dataset": true, "model": true}, "hour": {"denied": 20}},
	"findings": [
		{"kind": "EMAIL_ADDRESS", "source": "pii", "path": "query"},
		{"kind": "INSTRUCTIONS", "source": "instructions", "path": "documents[0].text"},
		{"kind": "DETECTOR_FAILED", "source": "stuffing", "path": "documents[0].text"},
	],
}

parameters := {"refusals": 10, "documents": 500, "hours": [10], "threshold": 5, "weights": {"night": 10}}

judged(facts) := {"signs": signs, "score": score, "denied": denied} if {
	signs := risk_score.signs with input as facts with data.refusals as 10 with data.documents as 500 with data.hours as [10]
	score := risk_score.score with input as facts
		with data.refusals as 10
		with data.documents as 500
		with data.hours as [10]
		with data.weights as {"night": 10}
	denied := count(risk_score.deny) with input as facts
		with data.refusals as 10
		with data.documents as 500
		with data.hours as [10]
		with data.weights as {"night": 10}
		with data.threshold as 5
}

test_a_quiet_call if judged(quiet) == {"signs": set(), "score": 0, "denied": 0}

test_every_sign_counts if {
	result := judged(loud)
	count(result.signs) == 10
	result.score == 19
	result.denied == 1
}
