#include "emu/jit/code_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace backspin::emu::jit {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const { return number_; }

  private:
    int number_;
};

[[noreturn]] void fail() {
    throw std::system_error(errno, std::generic_category(), "memory for translated code");
}

std::byte* map(int file, std::size_t bytes, int protection) {
    void* at = ::mmap(nullptr, bytes, protection, MAP_SHARED, file, 0);
    if (at == MAP_FAILED) fail();
    return static_cast<std::byte*>(at);
}

/// What the kernel does not know (before Linux 5.14) costs faults later.
void touch(std::byte* at, std::size_t bytes, int advice) {
    static_cast<void>(::madvise(at, bytes, advice));
}

}  // namespace

CodeMemory::CodeMemory(std::size_t bytes) : size_(bytes) {
    const Descriptor file(::memfd_create("backspin-code", MFD_CLOEXEC));
    if (file.number() < 0 || ::ftruncate(file.number(), static_cast<off_t>(bytes)) != 0) fail();
    writable_ = map(file.number(), bytes, PROT_READ | PROT_WRITE);
    try {
        executable_ = map(file.number(), bytes, PROT_READ | PROT_EXEC);
    } catch (...) {
        ::munmap(writable_, size_);
        throw;
    }
}

CodeMemory::~CodeMemory() {
    ::munmap(writable_, size_);
    ::munmap(executable_, size_);
}

void CodeMemory::prepare(std::size_t bytes) {
    if (bytes <= prepared_) return;
    const auto until = std::min(size_, (bytes / kPiece + 1) * kPiece);
#ifdef MADV_POPULATE_WRITE
    touch(writable_ + prepared_, until - prepared_, MADV_POPULATE_WRITE);
    touch(executable_ + prepared_, until - prepared_, MADV_POPULATE_READ);
#endif
    prepared_ = until;
}

}  // namespace backspin::emu::jit
