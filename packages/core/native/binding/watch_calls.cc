// The queue of file changes: a descriptor like any other, that table and poller know.
#include <sys/resource.h>

#include <cerrno>

#include "../watch.h"
#include "call.h"
#include "calls.h"

namespace shrapnel {

// watchKind(): 'inotify' or 'vnode'
napi_value WatchKindCall(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  return napi_create_string_utf8(env, WatchKind(), NAPI_AUTO_LENGTH, &result) == napi_ok ? result : nullptr;
}

// watchOpen(): a descriptor, which close() closes
napi_value WatchOpen(napi_env env, napi_callback_info info) {
  Call<0> call(env, info);
  if (!call.Ok()) return call.Failed();
  UniqueFd queue(OpenWatch());
  const int fd = queue.get();
  if (fd < 0) return call.Number(fd);
  const int failed = call.loop().poller().Add(fd);
  if (failed != 0) return call.Number(failed);
  call.loop().descriptors().Put(queue.Release());
  return call.Number(fd);
}

// watchAdd(fd, path, mask): `path` is bytes, as names need not be UTF-8. -EINVAL for one with a NUL in it.
napi_value WatchAdd(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  const int fd = call.Int(0);
  const Bytes bytes = call.Buffer(1);
  const std::int64_t mask = call.Long(2);
  if (!call.Ok()) return call.Failed();
  if (!call.loop().descriptors().Has(fd)) return call.Number(-EBADF);
  const std::string path(reinterpret_cast<const char*>(bytes.data), bytes.length);
  if (path.find('\0') != std::string::npos) return call.Number(-EINVAL);
  return call.Number(AddWatch(fd, -1, path.c_str(), static_cast<std::uint32_t>(mask), call.loop().descriptors()));
}

// watchAddIn(fd, folder, name, mask): the entry `name` of the folder with that id
napi_value WatchAddIn(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  const int fd = call.Int(0);
  const int folder = call.Int(1);
  const Bytes bytes = call.Buffer(2);
  const std::int64_t mask = call.Long(3);
  if (!call.Ok()) return call.Failed();
  DescriptorTable& descriptors = call.loop().descriptors();
  if (!descriptors.Has(fd) || !descriptors.Has(folder)) return call.Number(-EBADF);
  const std::string name(reinterpret_cast<const char*>(bytes.data), bytes.length);
  if (name.find('\0') != std::string::npos) return call.Number(-EINVAL);
  return call.Number(AddWatch(fd, folder, name.c_str(), static_cast<std::uint32_t>(mask), descriptors));
}

// watchRemove(fd, id)
napi_value WatchRemove(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int fd = call.Int(0);
  const int id = call.Int(1);
  if (!call.Ok()) return call.Failed();
  DescriptorTable& descriptors = call.loop().descriptors();
  return call.Number(descriptors.Has(fd) ? RemoveWatch(fd, id, descriptors) : -EBADF);
}

// watchRead(fd, buffer): bytes of records
napi_value WatchRead(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int fd = call.Int(0);
  const Bytes buffer = call.Buffer(1);
  if (!call.Ok()) return call.Failed();
  return call.Number(call.loop().descriptors().Has(fd) ? ReadWatch(fd, buffer.data, buffer.length) : -EBADF);
}

// watchList(id, only): a Buffer of entries as watch.h has them, or -errno
napi_value WatchList(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int id = call.Int(0);
  const Bytes bytes = call.Buffer(1);
  if (!call.Ok()) return call.Failed();
  if (!call.loop().descriptors().Has(id)) return call.Number(-EBADF);
  const std::string only(reinterpret_cast<const char*>(bytes.data), bytes.length);
  if (only.find('\0') != std::string::npos) return call.Number(-EINVAL);
  std::string entries;
  const int failed = ListWatched(id, only.c_str(), entries);
  if (failed != 0) return call.Number(failed);
  napi_value result = nullptr;
  return napi_create_buffer_copy(env, entries.size(), entries.data(), nullptr, &result) == napi_ok ? result : nullptr;
}

// descriptorLimit(): how many descriptors this process may have open, or -errno
napi_value DescriptorLimit(napi_env env, napi_callback_info info) {
  Call<0> call(env, info);
  if (!call.Ok()) return call.Failed();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == -1) return call.Number(-errno);
  return call.Number(limit.rlim_cur > INT32_MAX ? INT32_MAX : static_cast<std::int64_t>(limit.rlim_cur));
}

}  // namespace shrapnel
