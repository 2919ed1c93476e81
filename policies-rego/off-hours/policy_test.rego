package rankguard.library.off_hours_test

import data.rankguard.library.off_hours

count_of(weekday, hour, groups) := found if {
	found := count(off_hours.deny) with input.request.time as {"weekday": weekday, "hour": hour}
		with input.identity.groups as groups
		with data.weekdays as [1, 2]
		with data.from as 8
		with data.to as 17
		with data.exempt as ["on-call"]
}

test_by_day if count_of(1, 8, []) == 0

test_at_night if {
	count_of(1, 7, []) == 1
	count_of(1, 17, []) == 1
}

test_on_sunday if count_of(0, 10, []) == 1

test_on_call if count_of(0, 3, ["on-call"]) == 0
