// The translator to x86-64: hot blocks of the interpreter become code of the host, which runs from block to
// block until something is not the usual case, and counts as the interpreter does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "emu/engine/block.hpp"
#include "emu/engine/code_cache.hpp"
#include "emu/isa/instruction.hpp"
#include "emu/jit/frame.hpp"

namespace backspin::emu::jit {

/// What was done so far.
struct Statistics {
    std::uint64_t blocks = 0;        ///< translated
    std::uint64_t instructions = 0;  ///< in them
    std::uint64_t bytes = 0;         ///< of translated code
    std::uint64_t links = 0;         ///< jumps put in
    std::uint64_t runs = 0;          ///< times translated code was entered
    std::uint64_t times_full = 0;    ///< times everything was dropped to make room
};

class Jit {
  public:
    /// Null where translated code cannot run: another processor, or a host that gives no memory for it.
    static std::unique_ptr<Jit> create(const Decoder& decoder);
    virtual ~Jit() = default;

    /// Where blocks lead that are not translated: for Head::code.
    virtual const std::byte* untranslated() const = 0;

    /// Translates the block and makes its head lead there. False, and nothing done, if there is no room: then
    /// all blocks must be dropped, and forget() called. `page` is what the block was decoded from.
    virtual bool translate(Slot* head, std::span<const std::byte, kPageSize> page,
                           const HandlerTable& handlers) = 0;
    /// Drops all code.
    virtual void forget() = 0;

    /// Where this operation of a translated block can be entered, by its distance from the head in slots;
    /// null if it cannot.
    virtual const std::byte* entry(const Slot* head, std::size_t index) const = 0;
    /// Slots in the block, the head's among them.
    virtual std::size_t size(const Slot* head) const = 0;
    /// Makes the jump at Frame::site lead to a translated block of the same page.
    virtual void link(const std::byte* site, const Slot* head) = 0;

    virtual void run(Frame& frame, const std::byte* code) = 0;

    virtual const Statistics& statistics() const = 0;
};

}  // namespace backspin::emu::jit
