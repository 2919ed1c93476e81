// Placeholder of the personal-data anchor scan.
