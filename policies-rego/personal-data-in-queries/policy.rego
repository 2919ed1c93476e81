# METADATA
# scope: package
# title: Personal data in queries
# description: |
#   A query with personal data of the listed kinds is denied, or masked on its way to the reranker where the connection masks before it scores.
# schemas:
#   - input: schema.input
package rankguard.library.personal_data_in_queries

deny contains {"code": "PERSONAL_DATA", "message": message} if {
	some finding in input.findings
	finding.path == "query"
	finding.kind in data.deny
	message := sprintf("Leave %s out of the query.", [finding.kind])
}

mask contains {"path": "query", "with": "redact"} if {
	some finding in input.findings
	finding.path == "query"
	finding.kind in data.mask
}
