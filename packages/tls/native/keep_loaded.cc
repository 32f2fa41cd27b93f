// One more dlopen(3) of what is loaded already, which nobody closes.
#include "keep_loaded.h"

#include <dlfcn.h>

namespace shrapnel {

bool KeepLoaded() {
  static const bool is_held = [] {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&KeepLoaded), &info) == 0 || info.dli_fname == nullptr) return false;
    return dlopen(info.dli_fname, RTLD_NOW | RTLD_LOCAL) != nullptr;
  }();
  return is_held;
}

}  // namespace shrapnel
