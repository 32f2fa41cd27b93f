// pin <cpu> <program> [argument…]: runs the program on one processor. With a single connection, client and server never
// work at the same time, and what the kernel's choice of processors costs (a wake-up across processors in a virtual
// machine is ten times a round trip) would hide the servers. So that case shares one processor.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments) {
  if (count < 3) {
    fputs("usage: pin <cpu> <program> [argument...]\n", stderr);
    return 1;
  }
  cpu_set_t processors;
  CPU_ZERO(&processors);
  CPU_SET((unsigned)atoi(arguments[1]) % CPU_SETSIZE, &processors);
  if (sched_setaffinity(0, sizeof processors, &processors) != 0) {
    fprintf(stderr, "pin: processor %s: %s\n", arguments[1], strerror(errno));
    return 1;
  }
  execvp(arguments[2], arguments + 2);
  fprintf(stderr, "pin: %s: %s\n", arguments[2], strerror(errno));
  return 1;
}
