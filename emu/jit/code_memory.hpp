// Memory for translated code: the same pages twice, once to write and once to execute, so that no page is
// ever both. Bounded; touched in pieces before it is first used, because a page fault costs as much as
// translating a page of code.
#pragma once

#include <cstddef>
#include <span>

namespace backspin::emu::jit {

class CodeMemory {
  public:
    /// Reserves this many bytes, a multiple of the page size. Throws std::system_error if the host gives no
    /// memory that may be executed.
    explicit CodeMemory(std::size_t bytes);
    ~CodeMemory();
    CodeMemory(const CodeMemory&) = delete;
    CodeMemory& operator=(const CodeMemory&) = delete;

    std::span<std::byte> writable() const { return {writable_, size_}; }
    /// Where a byte of writable() is executed.
    const std::byte* executable(const std::byte* at) const { return executable_ + (at - writable_); }
    /// The way back.
    std::byte* writable(const std::byte* executed) const { return writable_ + (executed - executable_); }

    /// Sees to it that the first `bytes` bytes, and some more, cost no page faults.
    void prepare(std::size_t bytes);

  private:
    std::size_t size_;
    std::size_t prepared_ = 0;
    std::byte* writable_ = nullptr;
    std::byte* executable_ = nullptr;
};

}  // namespace backspin::emu::jit
