# METADATA
# scope: package
# title: Risk score
# description: |
#   Signs that mean little alone add up: something new for this caller, many refusals, unusual hours, personal data or failed detectors. The
#   weights are data; over the threshold the call is denied with the signs that counted.
# schemas:
#   - input: schema.input
package rankguard.library.risk_score

signs contains "new_identity" if input.usage.novel.identity

signs contains "new_dataset" if input.usage.novel.dataset

signs contains "new_model" if input.usage.novel.model

signs contains "refusals" if input.usage.hour.denied >= data.refusals

signs contains "many_documents" if input.request.counts.documents >= data.documents

signs contains "night" if not input.request.time.hour in data.hours

signs contains "anonymous" if input.identity.kind == "anonymous"

signs contains "personal_data" if {
	some finding in input.findings
	finding.source == "pii"
	finding.path == "query"
}

signs contains "poisoned" if {
	some finding in input.findings
	finding.kind == "INSTRUCTIONS"
}

signs contains "not_looked_at" if {
	some finding in input.findings
	finding.kind == "DETECTOR_FAILED"
}

score := sum([object.get(data.weights, sign, 1) | some sign in signs])

deny contains {"code": "RISK", "message": message} if {
	score > data.threshold
	message := sprintf("The call is too risky (%v of %v): %s.", [score, data.threshold, concat(", ", sort(signs))])
}
