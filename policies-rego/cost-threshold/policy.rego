# METADATA
# scope: package
# title: Cost per call and per day
# description: |
#   A call may cost so many search units, and a caller so many within a day. Calls to all pods of
#   the connection count, those to others some seconds later (`input.usage.lag`).
# schemas:
#   - input: schema.input
package rankguard.library.cost_threshold

deny contains {"code": "COST_PER_CALL", "message": message} if {
	input.request.cost_estimate > data.per_call
	message := sprintf("The call would cost %v search units; %v are allowed.", [input.request.cost_estimate, data.per_call])
}

deny contains {"code": "COST_PER_DAY", "message": message} if {
	input.usage.day.cost + input.request.cost_estimate > data.per_day
	message := sprintf("You have used %v of %v search units within a day.", [input.usage.day.cost, data.per_day])
}
