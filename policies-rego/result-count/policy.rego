# METADATA
# scope: package
# title: Number of results
# description: |
#   A caller gets the best so many results, whatever it asked for; a call that asks for more than `most` is denied.
# schemas:
#   - input: schema.input
package rankguard.library.result_count

rank contains {"verb": "limit", "results": data.results}

deny contains {"code": "TOO_MANY_RESULTS", "message": message} if {
	input.request.top_n > data.most
	message := sprintf("Ask for %v results at most.", [data.most])
}
