package rloader

// killGroup does nothing: a job object ends with the program that holds it.
func killGroup(int) {}
