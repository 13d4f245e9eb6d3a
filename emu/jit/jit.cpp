#include "emu/jit/jit.hpp"

#ifdef __x86_64__

#include <algorithm>
#include <cstring>
#include <system_error>

#include "emu/hart.hpp"
#include "emu/jit/code_memory.hpp"
#include "emu/jit/emitter.hpp"

namespace backspin::emu::jit {
namespace {

/// More than the longest block can need.
constexpr std::size_t kRoomForBlock = std::size_t{128} << 10;

Layout layout_of_hart() {
    const Hart hart;
    const auto* x = reinterpret_cast<const std::byte*>(hart.x.data());
    return {static_cast<int>(reinterpret_cast<const std::byte*>(hart.f.data()) - x)};
}

class X86Jit final : public Jit {
  public:
    X86Jit(const Decoder& decoder, std::size_t code_bytes)
        : decoder_(decoder),
          memory_(code_bytes),
          emitter_(memory_.writable(), decoder.isa().xlen(), HostFeatures::detect(), layout_of_hart()) {
        memory_.prepare(1);
        emitter_.write_common();
    }

    const std::byte* untranslated() const override { return memory_.executable(emitter_.untranslated()); }

    bool translate(Slot* head, std::span<const std::byte, kPageSize> page,
                   const HandlerTable& handlers) override;
    void forget() override;

    const std::byte* entry(const Slot* head, std::size_t index) const override {
        const auto& block = blocks_[head[1].head.block];
        const auto offset = offsets_[block.first + index];
        return offset == 0 ? nullptr : memory_.executable(memory_.writable().data() + offset);
    }
    std::size_t size(const Slot* head) const override { return blocks_[head[1].head.block].slots; }

    void link(const std::byte* site, const Slot* head) override {
        const auto distance = static_cast<std::int32_t>(head[1].head.code - (site + sizeof(std::int32_t)));
        std::memcpy(memory_.writable(site), &distance, sizeof distance);
        ++statistics_.links;
    }

    void run(Frame& frame, const std::byte* code) override {
        using Entrance = void (*)(Frame*, const std::byte*);
        reinterpret_cast<Entrance>(reinterpret_cast<std::uintptr_t>(memory_.executable(emitter_.entrance())))(
            &frame, code);
        ++statistics_.exits[static_cast<std::size_t>(frame.exit)];
    }

    std::span<const std::byte> last_code() const override { return last_code_; }
    const TranslationStatistics& statistics() const override { return statistics_; }

  private:
    /// Where the entries of a block are in offsets_.
    struct Block {
        std::uint32_t first = 0;
        std::uint32_t slots = 0;
    };

    /// Translates what is in this slot; how many slots it takes, and whether the block goes on.
    struct Translated {
        std::size_t slots;
        bool goes_on;
    };
    Translated translate_operation(const Slot* at, std::size_t index,
                                   std::span<const std::byte, kPageSize> page, const HandlerTable& handlers);

    const Decoder& decoder_;
    CodeMemory memory_;
    Emitter emitter_;
    std::vector<Block> blocks_;
    std::vector<std::uint32_t> offsets_;  ///< of the code of each slot, in the memory; 0 where none is
    std::span<const std::byte> last_code_;
    TranslationStatistics statistics_;
};

void X86Jit::forget() {
    blocks_.clear();
    offsets_.clear();
    emitter_.forget_blocks();
    ++statistics_.times_full;
}

X86Jit::Translated X86Jit::translate_operation(const Slot* at, std::size_t index,
                                               std::span<const std::byte, kPageSize> page,
                                               const HandlerTable& handlers) {
    const auto& operation = at->operation;
    if (operation.handler == handlers.edge) {
        emitter_.go_to_offset(operation.page_offset);
        return {1, false};
    }
    if (operation.handler == handlers.breakpoint) {
        emitter_.begin_operation(index, *at, {});
        emitter_.leave_if_observed();
        return {1, true};
    }
    if (operation.handler == handlers.straddling) {
        emitter_.begin_operation(index, *at, {});
        emitter_.leave();
        return {1, false};
    }
    std::uint32_t bits = 0;
    std::memcpy(&bits, page.data() + operation.page_offset, operation.length);
    const auto instruction = decoder_.decode(bits);
    const bool is_last = ends_block(instruction);
    emitter_.begin_operation(index, *at, instruction);
    const bool is_interpreters =
        operation.handler == handlers.system || operation.handler == handlers.transfer;
    if (is_interpreters) {
        emitter_.leave();
    } else {
        emitter_.emit(instruction);
    }
    const bool is_linked = is_last && !is_interpreters;
    return {operation.has_instruction != 0 || is_linked ? std::size_t{2} : std::size_t{1}, !is_last};
}

bool X86Jit::translate(Slot* head, std::span<const std::byte, kPageSize> page, const HandlerTable& handlers) {
    const auto start = emitter_.getSize();
    if (start + kRoomForBlock > memory_.writable().size()) return false;
    memory_.prepare(start + kRoomForBlock);
    const auto first = offsets_.size();
    const auto* code = emitter_.here();
    emitter_.begin_block(head, head->operation.remaining);
    offsets_.resize(first + kHeadSlots);
    for (auto [index, goes_on] = std::pair{kHeadSlots, true}; goes_on;) {
        const auto offset = static_cast<std::uint32_t>(emitter_.getSize());
        const auto translated = translate_operation(head + index, index, page, handlers);
        offsets_.resize(offsets_.size() + translated.slots);
        offsets_[first + index] = offset;
        index += translated.slots;
        goes_on = translated.goes_on;
    }
    emitter_.end_block();
    head[1].head.code = memory_.executable(code);
    head[1].head.block = static_cast<std::uint32_t>(blocks_.size());
    blocks_.push_back(
        {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(offsets_.size() - first)});
    last_code_ = {head[1].head.code, emitter_.getSize() - start};
    ++statistics_.blocks;
    statistics_.instructions += head->operation.remaining;
    statistics_.bytes += emitter_.getSize() - start;
    return true;
}

}  // namespace

std::unique_ptr<Jit> Jit::create(const Decoder& decoder, std::size_t code_bytes) {
    try {
        return std::make_unique<X86Jit>(decoder, code_bytes);
    } catch (const std::system_error&) {
        return nullptr;
    }
}

}  // namespace backspin::emu::jit

#else

namespace backspin::emu::jit {

std::unique_ptr<Jit> Jit::create(const Decoder&, std::size_t) {
    return nullptr;
}

}  // namespace backspin::emu::jit

#endif
