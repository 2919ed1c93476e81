# METADATA
# scope: package
# title: Exposure over a day
# description: |
#   A publisher that had more than its share of what was shown on this connection within a day moves down a few places. Exposure is
#   counted in memory by each replica (`input.usage.exposure`), and counts from `least` on: the first answers of a day say
#   nothing. Change `publisher` to your own attribute.
# schemas:
#   - input: schema.input
package rankguard.library.exposure_fairness

rank contains {"verb": "reorder", "index": result.index, "move": "demote", "places": data.places} if {
	input.phase == "response"
	total >= data.least
	some result in input.response.results
	shown[result.fields.publisher] > data.max_share * total
}

shown[publisher] := weight if some publisher, weight in input.usage.exposure.publisher

total := sum([weight | some weight in shown])
