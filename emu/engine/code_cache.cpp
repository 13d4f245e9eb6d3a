#include "emu/engine/code_cache.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "emu/hart.hpp"

namespace backspin::emu {
namespace {

Kind kind_of(const Instruction& instruction) {
    return instruction.opcode == Opcode::illegal ? Kind::illegal : definition(instruction.opcode).kind;
}

bool is_floating(Kind kind) {
    return kind == Kind::floating || kind == Kind::floating_load || kind == Kind::floating_store;
}

/// Whether more of the instruction is needed than an Operation holds. (A jump has room for its links there.)
bool needs_instruction(Kind kind) {
    switch (kind) {
        case Kind::alu:
        case Kind::load:
        case Kind::store: return false;
        default: return true;
    }
}

Slot slot_for(const Instruction& instruction, std::int32_t handler, std::size_t offset) {
    Slot slot;
    auto& operation = slot.operation;
    operation.handler = handler;
    operation.imm = instruction.imm;
    operation.rd = instruction.rd;
    operation.rs1 = instruction.rs1;
    operation.rs2 = instruction.rs2;
    operation.length = instruction.length & 7;
    operation.page_offset = static_cast<std::uint16_t>(offset);
    return slot;
}

Slot marker(std::int32_t handler, std::size_t offset) {
    Slot slot;
    slot.operation.handler = handler;
    slot.operation.page_offset = static_cast<std::uint16_t>(offset);
    return slot;
}

std::uint16_t half_at(const std::byte* page, std::size_t offset) {
    std::uint16_t half = 0;
    std::memcpy(&half, page + offset, sizeof half);
    return half;
}

}  // namespace

bool ends_block(const Instruction& instruction) {
    const auto kind = kind_of(instruction);
    return kind == Kind::branch || kind == Kind::jump || kind == Kind::system || kind == Kind::illegal;
}

CodeCache::CodeCache(const Memory& memory, const Decoder& decoder)
    : memory_(memory),
      decoder_(decoder),
      nodes_((memory.pages().page_count() + kPagesPerNode - 1) / kPagesPerNode) {}

CodeCache::CodePage& CodeCache::page_at(PageIndex index) {
    auto& node = nodes_[index.value / kPagesPerNode];
    if (!node) node = std::make_unique<CodeNode>();
    auto& page = (*node)[index.value % kPagesPerNode];
    if (!page) {
        page = std::make_unique<CodePage>();
        pin(*page, memory_.pages().find(index));
    }
    return *page;
}

void CodeCache::pin(CodePage& page, const Page* content) const {
    page.content = PagePtr(content);       // the one before goes back to its own store,
    page.store = memory_.pages().store();  // which may end with it
}

std::span<const std::byte, kPageSize> CodeCache::decoded_from(PageIndex index) const {
    const auto* page = find(index);
    return page->content ? page->content->bytes() : zero_page();
}

void CodeCache::drop_all() {
    for (const auto& node : nodes_) {
        if (!node) continue;
        for (const auto& page : *node) {
            if (page && page->granules != 0) drop(*page);
        }
    }
}

void CodeCache::drop(PageIndex index) {
    drop(*find(index));
}

void CodeCache::drop(CodePage& page) {
    std::ranges::move(page.blocks, std::back_inserter(dead_));
    page.blocks.clear();
    page.starts.fill(nullptr);
    page.granules = 0;
    ++generation_;
}

void CodeCache::plant(std::size_t page_offset) {
    if (planted_[page_offset / 2]) return;
    planted_.set(page_offset / 2);
    for (const auto& node : nodes_) {
        if (!node) continue;
        for (const auto& page : *node) {
            if (page && (page->granules & mask(page_offset, 2)) != 0) drop(*page);
        }
    }
}

/// After a restore or a copy on write another page object may be here. Blocks stay if all that was decoded is
/// the same in it: firmware keeps data beside code on one page, and a step back would otherwise decode that
/// page anew each time.
void CodeCache::validate(PageIndex index, CodePage& page) {
    const auto* now = memory_.pages().find(index);
    if (page.content.get() == now) return;
    const auto* old_bytes = page.content ? page.content->bytes().data() : zero_page().data();
    const auto* new_bytes = memory_.pages().read_page(index);
    for (auto bits = page.granules; bits != 0; bits &= bits - 1) {
        const auto offset = static_cast<std::size_t>(std::countr_zero(bits)) * kGranule;
        if (std::memcmp(old_bytes + offset, new_bytes + offset, kGranule) != 0) {
            drop(page);
            break;
        }
    }
    pin(page, now);
}

const Slot* CodeCache::block_at(PhysicalAddress at) {
    const auto index = memory_.page_of(at);
    if (!index) return nullptr;
    auto& page = page_at(*index);
    validate(*index, page);
    const auto offset = at.value % kPageSize;
    const auto* block = page.starts[offset / 2];
    return block != nullptr ? block : build(*index, page, offset);
}

std::uint16_t CodeCache::decode_half(PhysicalAddress at) {
    const auto index = *memory_.page_of(at);
    auto& page = page_at(index);
    validate(index, page);
    const auto offset = at.value % kPageSize;
    page.granules |= mask(offset, sizeof(std::uint16_t));
    return half_at(memory_.pages().read_page(index), offset);
}

std::int32_t CodeCache::handler_for(const Instruction& instruction, Kind kind) const {
    switch (kind) {
        case Kind::atomic:
        case Kind::reserve:
        case Kind::conditional:
        case Kind::cache:
        case Kind::illegal: return handlers_.general;
        case Kind::floating: return handlers_.floating;
        case Kind::system: return handlers_.system;
        case Kind::branch:
        case Kind::jump: {
            // Where instructions are whole words only, a target between two of them is an exception.
            const bool whole_words = !decoder_.isa().has(Extension::Zca);
            const bool may_miss = instruction.opcode == Opcode::jalr || (instruction.imm & 2) != 0;
            if (whole_words && may_miss) return handlers_.transfer;
            break;
        }
        default: break;
    }
    return handlers_.of_opcode[static_cast<std::size_t>(instruction.opcode)];
}

const Slot* CodeCache::build(PageIndex index, CodePage& page, std::size_t start) {
    const auto* bytes = memory_.pages().read_page(index);
    std::vector<Slot> slots;
    struct Counted {
        std::size_t slot;
        bool is_step;
    };
    std::vector<Counted> counted;  // the steps, and the breakpoints in front of them
    if (untranslated_ != nullptr) {
        counted.push_back({slots.size(), false});
        slots.push_back(marker(handlers_.counting, start));
        slots.back().operation.imm = entries_before_translation_;
        slots.emplace_back().head = {untranslated_, static_cast<std::uint32_t>(index.value), 0};
    }
    std::size_t steps = 0;
    auto offset = start;
    bool open = true;
    while (open) {
        if (offset >= kPageSize || steps == kMaxBlockSteps) {
            slots.push_back(marker(handlers_.edge, offset));
            break;
        }
        if (planted_[offset / 2]) {
            counted.push_back({slots.size(), false});
            slots.push_back(marker(handlers_.breakpoint, offset));
        }
        const auto first = half_at(bytes, offset);
        const bool straddles = instruction_length(first) == 4 && offset + 2 == kPageSize;
        counted.push_back({slots.size(), true});
        ++steps;
        if (straddles) {
            slots.push_back(marker(handlers_.straddling, offset));
            offset += 2;
            break;
        }
        std::uint32_t word = first;
        if (instruction_length(first) == 4) word |= std::uint32_t{half_at(bytes, offset + 2)} << 16;
        const auto instruction = decoder_.decode(word);
        const auto kind = kind_of(instruction);
        const auto handler = handler_for(instruction, kind);
        const bool linked = handler != handlers_.transfer && (kind == Kind::branch || kind == Kind::jump);
        const bool has_instruction = !linked && needs_instruction(kind);
        auto& slot = slots.emplace_back(slot_for(instruction, handler, offset));
        slot.operation.has_instruction = has_instruction;
        if (instruction.rd == 0 && !is_floating(kind)) slot.operation.rd = Hart::kSink;
        if (has_instruction) slots.emplace_back().instruction = instruction;
        if (linked) slots.emplace_back().links = Links{};
        offset += instruction.length;
        open = !ends_block(instruction);
    }
    std::uint16_t remaining = 0;
    for (auto entry = counted.rbegin(); entry != counted.rend(); ++entry) {
        if (entry->is_step) ++remaining;
        slots[entry->slot].operation.remaining = remaining;
    }
    page.granules |= mask(start, std::min(offset, kPageSize) - start);

    auto block = std::make_unique<Slot[]>(slots.size());
    std::ranges::copy(slots, block.get());
    const auto* result = page.blocks.emplace_back(std::move(block)).get();
    page.starts[start / 2] = result;
    return result;
}

}  // namespace backspin::emu
