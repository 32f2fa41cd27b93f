// Stores are shared by reference: OpenSSL counts, and locks while it looks something up.
#include "roots.h"

#include <map>
#include <mutex>

namespace shrapnel {
namespace {

using CrlPointer = std::unique_ptr<X509_CRL, FreeWith<&X509_CRL_free>>;

// Never freed: threads may end after the statics of the process.
struct Shared {
  std::mutex mutex;
  std::map<std::string, StorePointer> stores;
};

[[nodiscard]] Shared& AllShared() {
  static auto* const shared = new Shared;
  return *shared;
}

[[nodiscard]] StorePointer Another(X509_STORE* store) {
  return StorePointer(X509_STORE_up_ref(store) == 1 ? store : nullptr);
}

}  // namespace

StorePointer SharedRoots(const std::string& name) {
  Shared& shared = AllShared();
  const std::lock_guard lock(shared.mutex);
  const auto found = shared.stores.find(name);
  return found == shared.stores.end() ? nullptr : Another(found->second.get());
}

void ShareRoots(const std::string& name, X509_STORE* store) {
  Shared& shared = AllShared();
  const std::lock_guard lock(shared.mutex);
  shared.stores.emplace(name, Another(store));
}

int AddRoots(X509_STORE* into, X509_STORE* from) {
  if (X509_STORE_lock(from) != 1) return 0;
  STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(from);
  int result = 1;
  for (int i = 0; i < sk_X509_OBJECT_num(objects) && result == 1; ++i) {
    X509* certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
    if (certificate != nullptr) result = X509_STORE_add_cert(into, certificate);
  }
  return X509_STORE_unlock(from) == 1 ? result : 0;
}

int AddSystemRoots(X509_STORE* store) { return X509_STORE_set_default_paths(store); }

int AddRevocations(X509_STORE* store, ConstBytes lists) {
  const BioPointer text(BIO_new_mem_buf(lists.data, static_cast<int>(lists.length)));
  if (text == nullptr) return 0;
  int count = 0;
  for (;; ++count) {
    const CrlPointer next(PEM_read_bio_X509_CRL(text.get(), nullptr, nullptr, nullptr));
    if (next == nullptr) break;
    if (X509_STORE_add_crl(store, next.get()) != 1) return 0;
  }
  if (count == 0 || !IsPemEnd()) return 0;
  return X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

}  // namespace shrapnel
