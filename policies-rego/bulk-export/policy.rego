# METADATA
# scope: package
# title: Bulk export
# description: |
#   Somebody who ranks a whole collection, call by call, copies it. Counts of the last hour and day, this call included.
# schemas:
#   - input: schema.input
package rankguard.library.bulk_export

deny contains {"code": "BULK_EXPORT", "message": message} if {
	not exempt
	some name in ["hour", "day"]
	window := object.get(input.usage, name, {})
	documents := window.documents + input.request.counts.documents
	documents > data.documents[name]
	message := sprintf("%v documents within one %s; %v are allowed.", [documents, name, data.documents[name]])
}

deny contains {"code": "BULK_EXPORT", "message": message} if {
	not exempt
	input.usage.hour.rows > data.rows
	message := sprintf("%v results within one hour; %v are allowed.", [input.usage.hour.rows, data.rows])
}

exempt if {
	some group in data.exempt
	group in input.identity.groups
}
