// The whole test framework: LAW registers a test under a sentence, CHECK and CHECK_EQ note a failure and go
// on, REQUIRE ends the test. RunLaws prints failures and `N passed, N failed`. No fixtures, no filters, no
// retries.
#pragma once

#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

namespace check {

struct Law {
  const char* title;
  void (*body)();
};

inline std::vector<Law>& Laws() {
  static std::vector<Law> laws;
  return laws;
}

inline bool& Failed() {
  static bool failed = false;
  return failed;
}

struct Registration {
  Registration(const char* title, void (*body)()) { Laws().push_back(Law{title, body}); }
};

struct Abandoned : std::exception {};

inline void Fail(const char* file, int line, const std::string& what) {
  Failed() = true;
  std::printf("    %s:%d: %s\n", file, line, what.c_str());
}

template <typename Left, typename Right>
void Equal(const char* file, int line, const char* text, const Left& left, const Right& right) {
  if (left == right) return;
  std::ostringstream message;
  message << text << ": " << left << " is not " << right;
  Fail(file, line, message.str());
}

inline int RunLaws() {
  int passed = 0;
  int failed = 0;
  for (const Law& law : Laws()) {
    Failed() = false;
    try {
      law.body();
    } catch (const Abandoned&) {
      Failed() = true;
    }
    (Failed() ? failed : passed)++;
    if (Failed()) std::printf("  failed: %s\n", law.title);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace check

#define CHECK_JOIN2(a, b) a##b
#define CHECK_JOIN(a, b) CHECK_JOIN2(a, b)
#define LAW(title)                                                                                       \
  static void CHECK_JOIN(Law, __LINE__)();                                                               \
  static const check::Registration CHECK_JOIN(registration, __LINE__)(title, CHECK_JOIN(Law, __LINE__)); \
  static void CHECK_JOIN(Law, __LINE__)()

#define CHECK(condition) \
  do {                   \
    if (!(condition)) check::Fail(__FILE__, __LINE__, #condition); \
  } while (0)

#define CHECK_EQ(left, right) check::Equal(__FILE__, __LINE__, #left " == " #right, (left), (right))

#define REQUIRE(condition)                            \
  do {                                                \
    if (!(condition)) {                               \
      check::Fail(__FILE__, __LINE__, #condition);    \
      throw check::Abandoned();                       \
    }                                                 \
  } while (0)
