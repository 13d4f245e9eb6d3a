#include "emu/engine/code_cache.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "emu/hart.hpp"

namespace backspin::emu {
namespace {

bool ends_block(Kind kind) {
    return kind == Kind::branch || kind == Kind::jump || kind == Kind::system || kind == Kind::illegal;
}

Kind kind_of(const Instruction& instruction) {
    return instruction.opcode == Opcode::illegal ? Kind::illegal : definition(instruction.opcode).kind;
}

Slot slot_for(const Instruction& instruction, std::int32_t handler, std::size_t offset) {
    Slot slot;
    slot.operation = {handler,
                      instruction.imm,
                      instruction.rd == 0 ? static_cast<std::uint8_t>(Hart::kSink) : instruction.rd,
                      instruction.rs1,
                      instruction.rs2,
                      instruction.length,
                      0,
                      static_cast<std::uint16_t>(offset)};
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

CodeCache::CodeCache(const Memory& memory)
    : memory_(memory), nodes_((memory.pages().page_count() + kPagesPerNode - 1) / kPagesPerNode) {}

CodeCache::CodePage& CodeCache::page_at(PageIndex index) {
    auto& node = nodes_[index.value / kPagesPerNode];
    if (!node) node = std::make_unique<CodeNode>();
    auto& page = (*node)[index.value % kPagesPerNode];
    if (!page) {
        page = std::make_unique<CodePage>();
        page->content = PagePtr(memory_.pages().find(index));
    }
    return *page;
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
    page.content = PagePtr(now);
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

const Slot* CodeCache::build(PageIndex index, CodePage& page, std::size_t start) {
    const auto* bytes = memory_.pages().read_page(index);
    std::vector<Slot> slots;
    struct Counted {
        std::size_t slot;
        bool is_step;
    };
    std::vector<Counted> counted;  // the steps, and the breakpoints in front of them
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
        const auto instruction = decode(word);
        const auto kind = kind_of(instruction);
        const bool general = kind == Kind::atomic || kind == Kind::reserve || kind == Kind::conditional ||
                             kind == Kind::illegal;
        const auto handler = general ? handlers_.general
                             : kind == Kind::system
                                 ? handlers_.system
                                 : handlers_.of_opcode[static_cast<std::size_t>(instruction.opcode)];
        slots.push_back(slot_for(instruction, handler, offset));
        if (general || kind == Kind::system) {
            slots.emplace_back().instruction = instruction;
        } else if (kind == Kind::branch || kind == Kind::jump) {
            slots.emplace_back().links = Links{};
        }
        offset += instruction.length;
        open = !ends_block(kind);
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
