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
#include "emu/engine/engine_statistics.hpp"
#include "emu/isa/instruction.hpp"
#include "emu/jit/frame.hpp"

namespace backspin::emu::jit {

class Jit {
  public:
    /// Null where translated code cannot run: another processor, or a host that gives no memory for it.
    /// `code_bytes`: as in EngineOptions.
    static std::unique_ptr<Jit> create(const Decoder& decoder, std::size_t code_bytes);
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

    /// The code that was written last.
    virtual std::span<const std::byte> last_code() const = 0;
    virtual const TranslationStatistics& statistics() const = 0;
};

}  // namespace backspin::emu::jit
