"""What a store goes through in months, in an hour: writers beside readers, kills, crowds, full disks; nothing is lost."""
