package rankguard.library.score_threshold_test

import data.rankguard.library.score_threshold

floors(model) := {verb.min_score |
	some verb in score_threshold.rank with input.request.model as model
		with data.default as 0.1
		with data.by_model as {"large": 0.5}
		with data.below as "remove"
}

test_the_default_holds if {
	floors("small") == {0.1}
	floors(null) == {0.1}
}

test_a_model_has_its_own if floors("large") == {0.5}
