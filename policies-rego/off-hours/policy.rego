# METADATA
# scope: package
# title: Off-hours
# description: |
#   Who may call outside business hours, in UTC. Weekday 0 is Sunday.
# schemas:
#   - input: schema.input
package rankguard.library.off_hours

open if {
	input.request.time.weekday in data.weekdays
	input.request.time.hour >= data.from
	input.request.time.hour < data.to
}

exempt if {
	some group in data.exempt
	group in input.identity.groups
}

deny contains {"code": "OFF_HOURS", "message": message} if {
	not open
	not exempt
	message := sprintf("Searches are open from %v to %v UTC on working days.", [data.from, data.to])
}
