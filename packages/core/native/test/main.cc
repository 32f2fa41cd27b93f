// Runs every law that is linked in.
#include "check.h"

int main() { return check::RunLaws(); }
