// The load generator: reads the command line, checks every bound, runs one mode. One thread, loopback only.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial.h"
#include "fetch.h"
#include "idle.h"
#include "ping.h"
#include "stream.h"
#include "support.h"
#include "websocket.h"

static const char USAGE[] =
    "usage: load <mode> --port N [options]\n"
    "  ping    round trips of --bytes over --connections for --time-ms   [--warm-ms] [--pace-ms]\n"
    "  hog     the same beside one connection that never stops sending   [--discard]\n"
    "  stream  one connection, blocks of --bytes, --direction up|down|both\n"
    "  fetch   gets /file by HTTP/1.1, --requests times on each of --connections\n"
    "  dial    a new connection for each answer, in --connections places, for --time-ms   [--warm-ms]\n"
    "  websocket  echo of messages of --bytes over --connections for --time-ms   [--text] [--warm-ms]\n"
    "  idle    opens --connections, numbered from --first; a line on stdin pings each once; waits --time-ms for answers\n"
    "Prints JSON. Ends when stdin closes.\n";

static uint32_t parse_number(const char *name, const char *text, uint32_t least, uint32_t most) {
  char *end = NULL;
  errno = 0;
  const unsigned long long value = strtoull(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
    fail("%s must be a number from %u to %u, not '%s'", name, least, most, text);
  }
  return (uint32_t)value;
}

static void parse_option(struct options *options, const char *name, const char *value) {
  if (strcmp(name, "--port") == 0) {
    options->port = (uint16_t)parse_number(name, value, 1, 65535);
  } else if (strcmp(name, "--connections") == 0) {
    options->connections = parse_number(name, value, 1, LIMIT_CONNECTIONS);
  } else if (strcmp(name, "--requests") == 0) {
    options->requests = parse_number(name, value, 1, LIMIT_REQUESTS);
  } else if (strcmp(name, "--first") == 0) {
    options->first = parse_number(name, value, 0, LIMIT_CONNECTIONS);
  } else if (strcmp(name, "--bytes") == 0) {
    options->bytes = parse_number(name, value, 1, LIMIT_BLOCK_BYTES);
  } else if (strcmp(name, "--time-ms") == 0) {
    options->time_ms = parse_number(name, value, 1, LIMIT_MILLISECONDS);
  } else if (strcmp(name, "--warm-ms") == 0) {
    options->warm_ms = parse_number(name, value, 0, LIMIT_MILLISECONDS);
  } else if (strcmp(name, "--pace-ms") == 0) {
    options->pace_ms = parse_number(name, value, 0, LIMIT_MILLISECONDS);
  } else if (strcmp(name, "--direction") == 0) {
    if (strcmp(value, "up") != 0 && strcmp(value, "down") != 0 && strcmp(value, "both") != 0) {
      fail("--direction must be up, down or both, not '%s'", value);
    }
    options->direction = value;
  } else {
    fail("unknown option '%s'\n%s", name, USAGE);
  }
}

int main(int count, char **arguments) {
  if (count < 2) fail("a mode is missing\n%s", USAGE);
  struct options options = {.mode = arguments[1], .direction = "up", .connections = 1, .bytes = 64, .time_ms = 1000,
                            .requests = 1};
  for (int i = 2; i < count; i++) {
    if (strcmp(arguments[i], "--discard") == 0) {
      options.hog_is_discarded = 1;
      continue;
    }
    if (strcmp(arguments[i], "--text") == 0) {
      options.is_text = 1;
      continue;
    }
    if (i + 1 >= count) fail("%s needs a value\n%s", arguments[i], USAGE);
    parse_option(&options, arguments[i], arguments[i + 1]);
    i++;
  }
  if (options.port == 0) fail("--port is missing\n%s", USAGE);

  const int is_hog = strcmp(options.mode, "hog") == 0;
  if (strcmp(options.mode, "ping") == 0 || is_hog) {
    if (options.bytes > LIMIT_PING_BYTES) fail("--bytes of a ping must be at most %u", LIMIT_PING_BYTES);
    start_watchdog((options.warm_ms + options.time_ms) / 1000u + 60u);
    run_ping(&options, is_hog);
  } else if (strcmp(options.mode, "stream") == 0) {
    start_watchdog((options.warm_ms + options.time_ms) / 1000u + 60u);
    run_stream(&options);
  } else if (strcmp(options.mode, "dial") == 0) {
    start_watchdog((options.warm_ms + options.time_ms) / 1000u + 60u);
    run_dial(&options);
  } else if (strcmp(options.mode, "websocket") == 0) {
    if (options.bytes > LIMIT_PING_BYTES) fail("--bytes of a message must be at most %u", LIMIT_PING_BYTES);
    start_watchdog((options.warm_ms + options.time_ms) / 1000u + 60u);
    run_websocket(&options);
  } else if (strcmp(options.mode, "fetch") == 0) {
    start_watchdog(LIMIT_MILLISECONDS / 1000u);
    run_fetch(&options);
  } else if (strcmp(options.mode, "idle") == 0) {
    start_watchdog(LIMIT_MILLISECONDS / 1000u);
    run_idle(&options);
  } else {
    fail("unknown mode '%s'\n%s", options.mode, USAGE);
  }
  return 0;
}
