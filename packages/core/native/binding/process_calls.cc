// Child processes. A child begins with everything that is ours of it (ends of pipes, the descriptor that
// tells of its end) in table and poller, or it does not begin.
#include <fcntl.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "../process.h"
#include "../retry.h"
#include "../system.h"
#include "call.h"
#include "calls.h"

namespace shrapnel {
namespace {

// What stands in place of a number where the child gets something new.
constexpr std::int32_t kPipeToChild = -1;
constexpr std::int32_t kPipeFromChild = -2;
constexpr std::int32_t kNothing = -3;

// Flags.
constexpr std::int32_t kOwnGroup = 1;
constexpr std::int32_t kBound = 2;  // killed with its group, which must be its own, when the thread ends

// A descriptor in table and poller, taken out and closed again unless it is kept.
class Watched {
 public:
  explicit Watched(Loop& loop) noexcept : loop_(&loop) {}
  Watched(Watched&& other) noexcept : loop_(other.loop_), fd_(std::exchange(other.fd_, -1)) {}
  Watched& operator=(Watched&&) = delete;
  ~Watched() {
    if (fd_ < 0) return;
    static_cast<void>(loop_->poller().Remove(fd_));  // The close below ends the registration anyway.
    UniqueFd closing(loop_->descriptors().Take(fd_));
  }

  // 0 or -errno. Takes `fd` over in either case.
  [[nodiscard]] int Watch(int fd) {
    UniqueFd owned(fd);
    const int failed = loop_->poller().Add(fd);
    if (failed != 0) return failed;
    loop_->descriptors().Put(owned.Release());
    fd_ = fd;
    return 0;
  }
  [[nodiscard]] int Keep() noexcept { return std::exchange(fd_, -1); }

 private:
  Loop* loop_;
  int fd_ = -1;
};

// "one\0two\0" as execve(2) wants it.
[[nodiscard]] std::vector<char*> Split(const Bytes& packed) {
  std::vector<char*> list;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < packed.length; ++at) {
    if (packed.data[at] != 0) continue;
    list.push_back(reinterpret_cast<char*>(packed.data + begin));
    begin = at + 1;
  }
  list.push_back(nullptr);
  return list;
}

// The ends of pipes and /dev/null, as the plan asks for them.
class Ends {
 public:
  explicit Ends(Loop& loop) noexcept : loop_(loop) {}

  // The number that the child is to get for `wanted`, or -errno.
  [[nodiscard]] int Make(std::int32_t wanted) {
    ours_.emplace_back(loop_);
    if (wanted >= 0) return wanted;
    if (wanted == kNothing) return Null();
    if (wanted != kPipeToChild && wanted != kPipeFromChild) return -EINVAL;
    const bool child_reads = wanted == kPipeToChild;
    int pair[2] = {-1, -1};
    const int failed = MakePipe(pair);
    if (failed != 0) return failed;
    childs_.emplace_back(pair[child_reads ? 0 : 1]);
    const int childs = childs_.back().get();
    const int watched = ours_.back().Watch(pair[child_reads ? 1 : 0]);
    if (watched != 0) return watched;
    // Programs expect to block. The two ends are separate open files, so this leaves ours as it is.
    const int flags = ::fcntl(childs, F_GETFL);
    return flags == -1 || ::fcntl(childs, F_SETFL, flags & ~O_NONBLOCK) == -1 ? -errno : childs;
  }

  void Keep(std::int32_t* out) noexcept {
    for (Watched& end : ours_) *out++ = end.Keep();
  }

 private:
  [[nodiscard]] int Null() {
    const int fd = RetryOnSignal([] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); });
    if (fd == -1) return -errno;
    childs_.emplace_back(fd);
    return fd;
  }

  Loop& loop_;
  std::vector<Watched> ours_;
  std::vector<UniqueFd> childs_;
};

// Starts the child and watches its end. One that cannot be watched is killed: nobody would ever take its
// status.
[[nodiscard]] pid_t StartWatched(const ProcessPlan& plan, Watched& end) {
  const pid_t pid = StartProcess(plan);
  if (pid < 0) return pid;
  int failed = WatchEnd(pid);
  if (failed >= 0) failed = end.Watch(failed);
  if (failed == 0) return pid;
  static_cast<void>(::kill(pid, SIGKILL));  // Our own child, not waited for yet: it is there.
  static_cast<void>(Reap(pid));
  return failed;
}

}  // namespace

// spawn(path, arguments, environment, directory, descriptors, flags, out): the process's number. `arguments`
// and `environment` are texts that each end in NUL, an empty `directory` is ours, `descriptors` has numbers
// of ours or one of the constants above. `out` gets the descriptor that tells of the end, then for each of
// `descriptors` our end of the pipe or -1.
napi_value Spawn(napi_env env, napi_callback_info info) {
  Call<7> call(env, info);
  const std::string path = call.Text(0);
  const std::vector<char*> arguments = Split(call.Buffer(1));
  const std::vector<char*> environment = Split(call.Buffer(2));
  const std::string directory = call.Text(3);
  const Bytes wanted = call.Buffer(4);
  const std::int32_t flags = call.Int(5);
  const Bytes out = call.Buffer(6);
  const std::size_t count = wanted.length / sizeof(std::int32_t);
  if (!call.Ok() || out.length < (count + 1) * sizeof(std::int32_t)) return call.Failed();

  Watched end(call.loop());
  Ends ends(call.loop());
  ProcessPlan plan;
  plan.path = path.c_str();
  plan.arguments = arguments.data();
  plan.environment = environment.data();
  plan.directory = directory.empty() ? nullptr : directory.c_str();
  plan.has_own_group = (flags & kOwnGroup) != 0;
  for (std::size_t index = 0; index < count; ++index) {
    const int source = ends.Make(reinterpret_cast<const std::int32_t*>(wanted.data)[index]);
    if (source < 0) return call.Number(source);
    plan.descriptors.push_back(source);
  }
  const pid_t pid = StartWatched(plan, end);
  if (pid < 0) return call.Number(pid);
  call.loop().children().Put(pid, plan.has_own_group && (flags & kBound) != 0);
  auto* results = reinterpret_cast<std::int32_t*>(out.data);
  results[0] = end.Keep();
  ends.Keep(results + 1);
  return call.Number(pid);
}

// hasEnded(watch, pid): 1 or 0
napi_value HasEndedCall(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int watch = call.Int(0);
  const int pid = call.Int(1);
  if (!call.Ok()) return call.Failed();
  return call.Number(HasEnded(watch, pid) ? 1 : 0);
}

// reap(pid): the exit code, or 256 and the signal's number
napi_value ReapCall(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const int pid = call.Int(0);
  if (!call.Ok()) return call.Failed();
  call.loop().children().Forget(pid);
  return call.Number(Reap(pid));
}

// kill(pid, signal): a negative number is the group of that number
napi_value Kill(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int pid = call.Int(0);
  const int signal = call.Int(1);
  if (!call.Ok()) return call.Failed();
  // kill(-1) would mean every process there is, and kill(0) this one's group.
  if (pid >= -1 && pid <= 1) return call.Number(-EINVAL);
  return call.Number(::kill(pid, signal) == 0 ? 0 : -errno);
}

}  // namespace shrapnel
