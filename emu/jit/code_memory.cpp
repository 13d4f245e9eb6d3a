#include "emu/jit/code_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace backspin::emu::jit {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;

[[noreturn]] void fail(int error) {
    throw std::system_error(error, std::generic_category(), "memory for translated code");
}

/// What the kernel does not know (before Linux 5.14) costs faults later.
void touch(std::byte* at, std::size_t bytes, int advice) {
    static_cast<void>(::madvise(at, bytes, advice));
}

}  // namespace

// Anonymous memory, not a file's: perf does not read its map for code that lies in a file.
CodeMemory::CodeMemory(std::size_t bytes) : size_(bytes) {
    void* first = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (first == MAP_FAILED) fail(errno);
    // From a shared mapping, an old size of zero makes a second one of the same pages.
    void* second = ::mremap(first, 0, bytes, MREMAP_MAYMOVE);
    if (second == MAP_FAILED || ::mprotect(second, bytes, PROT_READ | PROT_EXEC) != 0) {
        const int error = errno;
        if (second != MAP_FAILED) ::munmap(second, bytes);
        ::munmap(first, bytes);
        fail(error);
    }
    writable_ = static_cast<std::byte*>(first);
    executable_ = static_cast<std::byte*>(second);
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
