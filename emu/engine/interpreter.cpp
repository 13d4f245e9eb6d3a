#include "emu/engine/interpreter.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <stdexcept>

#include "emu/engine/trial.hpp"
#include "emu/fp/mxcsr.hpp"
#include "emu/host_first.hpp"
#include "emu/semihosting.hpp"

namespace backspin::emu {

namespace {

/// Kernel, machine mode and a few processes.
constexpr std::size_t kJumpBanks = 6;

/// What a change of a CSR reaches beyond the register.
enum class Reach : std::uint8_t {
    nothing,
    loads,     ///< where loads and stores go, and which interrupts are taken
    anything,  ///< also what is fetched, or the next deadline
};

Reach reach_of(std::int32_t csr) {
    switch (csr) {
        case 0x100: return Reach::loads;  // sstatus
        case 0x104:                       // sie
        case 0x10a:                       // senvcfg
        case 0x144:                       // sip
        case 0x14d:                       // stimecmp
        case 0x15d:                       // stimecmph
        case 0x180:                       // satp
            return Reach::anything;
        default: {
            const bool only_held = csr < 0x300 || (csr >= 0x340 && csr < 0x344) || csr >= 0x400;
            return only_held ? Reach::nothing : Reach::anything;
        }
    }
}

}  // namespace

Interpreter::Interpreter(Board& board, Memory& memory, const EngineOptions& options)
    : board_(board),
      memory_(memory),
      code_(memory, *board.decoder),
      port_(board, memory, code_, stops_, notes_) {
    if (options.kind != EngineKind::interpreting) jit_ = jit::Jit::create(*board.decoder, options.code_bytes);
    if (options.kind == EngineKind::translating && !jit_)
        throw std::invalid_argument("this host cannot run translated code: use --engine interp");
    on_translated_ = options.on_translated;
    if (jit_) code_.count_entries(options.entries_before_translation, jit_->untranslated());
    for (std::size_t i = 0; i < board.harts.size(); ++i) jump_banks_.emplace_back(kJumpBanks);
    // Learns where its own handlers are.
    Hart nobody;
    if (board.isa().xlen() == 64) {
        execute_blocks<std::uint64_t>(nobody, StepCount{}, nullptr);
    } else {
        execute_blocks<std::uint32_t>(nobody, StepCount{}, nullptr);
    }
    uncached_.operation.handler = code_.handlers().uncached;
    uncached_.operation.remaining = 1;
}

// ---- what the blocks depend on ------------------------------------------------------------------

void Interpreter::set_stop_points(std::span<const StopPoint> points) {
    if (!stops_.set(points)) return;
    for (const auto address : stops_.execute()) code_.plant(address % kPageSize & ~std::uint64_t{1});
    port_.stop_points_changed();
}

void Interpreter::pages_replaced() {
    port_.forget_entries();
    forget_jumps();  // each page is compared with what was decoded when it is next entered
}

void Interpreter::bytes_changed(std::span<const MemoryPiece> pieces) {
    if (pieces.empty()) return;
    for (const auto& piece : pieces) {
        note_from_outside(piece);
        const auto index = memory_.page_of(piece.at);
        if (index && code_.overlaps_code(*index, piece.at.value % kPageSize, piece.length))
            code_.drop(*index);
    }
    port_.forget_entries();
}

// What a change writes is known only after it. So with data stops armed it is made, looked at, taken back to
// report what it hits, and made again.
std::optional<std::vector<MemoryPiece>> Interpreter::make(const Change& change, Accessor by,
                                                          Observer* observer) {
    if (observer == nullptr || stops_.watches().empty()) {
        auto written = change();
        bytes_changed(written);
        return written;
    }
    Trial trial(board_, memory_);
    pages_shared();
    auto written = change();
    const auto hits = trial.hits(written, stops_, by);
    if (!hits.empty()) {
        trial.take_back();
        pages_replaced();
        for (const auto& hit : hits) {
            if (observer->on_hit(hit) == Verdict::stop) return std::nullopt;
        }
        written = change();
    }
    trial.keep();
    bytes_changed(written);
    return written;
}

void Interpreter::forget_jumps() {
    for (auto& banks : jump_banks_) banks.for_each([](JumpTable& jumps) { jumps.clear(); });
}

// ---- what was touched ---------------------------------------------------------------------------

AccessNotes Interpreter::take_access_notes() {
    for (auto& banks : jump_banks_) {
        banks.for_each([this](JumpTable& jumps) {
            for (const auto page : jumps.take_found()) notes_.executes(page);
        });
    }
    port_.forget_accesses();
    auto notes = notes_.take();
    for (const auto& hart : board_.harts) notes_.selects(data_space(hart));
    return notes;
}

void Interpreter::note_from_outside(const MemoryPiece& piece) {
    if (piece.length == 0) return;
    const auto last = page_number(PhysicalAddress{piece.at.value + (piece.length - 1)});
    for (auto page = page_number(piece.at); page <= last; ++page.value)
        notes_.changes_from_outside(PhysicalAddress{page.value << kPageBits});
}

void Interpreter::forget_stale_jumps() {
    if (code_generation_ == code_.generation() && translation_generation_ == port_.generation()) return;
    forget_jumps();
    code_generation_ = code_.generation();
    translation_generation_ = port_.generation();
}

const Slot* Interpreter::find_block(std::uint64_t pc) {
    notes_.executes(page_number(VirtualAddress{pc}));
    const auto at = port_.locate_code(VirtualAddress{pc});
    const bool was_code = at && code_.holds_code(*memory_.page_of(*at));
    const auto* block = at ? code_.block_at(*at) : nullptr;
    forget_stale_jumps();  // looking may have dropped blocks that a restore made stale
    if (block == nullptr) {
        uncached_.operation.page_offset = static_cast<std::uint16_t>(pc % kPageSize);
        return &uncached_;
    }
    if (!was_code) port_.page_became_code(*at);
    jumps_->enter(pc, block);
    return block;
}

EngineStatistics Interpreter::statistics() const {
    auto statistics = statistics_;
    if (jit_) statistics.translation = jit_->statistics();
    statistics.accesses = port_.statistics();
    return statistics;
}

// ---- translated code ----------------------------------------------------------------------------

bool Interpreter::translate(const Slot* block, VirtualAddress at) {
    auto* head = const_cast<Slot*>(block);
    const auto page = code_.decoded_from(PageIndex{head[1].head.page});
    if (jit_->translate(head, page, code_.handlers())) {
        head->operation.handler = code_.handlers().translated;
        if (on_translated_) {
            const auto code = jit_->last_code();
            on_translated_({code.data(), code.size(), at});
        }
        return true;
    }
    code_.drop_all();
    jit_->forget();
    forget_stale_jumps();
    return false;
}

void Interpreter::run_translated(const std::byte* code, Hart& hart) {
    namespace mxcsr = fp::mxcsr;
    const auto rounding = static_cast<fp::Rounding>(hart.fcsr >> 5 & 7);
    const bool floats = (hart.mstatus & mstatus::kFs) == mstatus::kFsDirty && mxcsr::can_round(rounding);
    frame_.x = hart.x.data();
    frame_.data = port_.tables();
    frame_.jumps = jumps_;
    frame_.float_ready = floats;
    frame_.guest_control = floats ? mxcsr::control_for(rounding) : 0;
    frame_.usual_control = mxcsr::kUsual;
    jit_->run(frame_, code);
    if (frame_.float_used != 0) hart.fcsr |= mxcsr::flags_of(frame_.final_control);
}

/// The next `steps` operations of a block that is longer than what is left of the budget, and a stop behind
/// them.
const Slot* Interpreter::make_tail(const Slot* from, std::uint64_t steps) {
    const auto& handlers = code_.handlers();
    auto* to = tail_.data();
    while (true) {
        if (from->operation.handler == handlers.counting || from->operation.handler == handlers.translated) {
            from += kHeadSlots;
            continue;
        }
        *to = *from;
        if (from->operation.handler == handlers.breakpoint) {
            if (steps == 0) break;  // belongs to the step after the budget
            to->operation.remaining = static_cast<std::uint16_t>(steps);
            ++from, ++to;
            continue;
        }
        if (steps == 0) break;
        to->operation.remaining = static_cast<std::uint16_t>(steps--);
        const bool has_instruction = from->operation.has_instruction != 0;
        ++from, ++to;
        if (has_instruction) *to++ = *from++;
    }
    to->operation.handler = handlers.stop;
    to->operation.remaining = 0;
    return tail_.data();
}

// ---- running ------------------------------------------------------------------------------------

bool Interpreter::stops_before(const Hart& hart, Observer* observer) const {
    const VirtualAddress pc{hart.pc};
    if (observer == nullptr || !stops_.executes_at(pc) || must_ask_host(board_, memory_, hart)) return false;
    return observer->on_hit(Hit{StopKind::execute, pc, board_.steps, hart.id, false}) == Verdict::stop;
}

std::optional<Instruction> Interpreter::fetch(const Hart& hart) {
    const auto first = port_.fetch(VirtualAddress{hart.pc});
    if (!first) return std::nullopt;
    std::uint32_t word = *first;
    if (instruction_length(*first) == 4) {
        const auto second = port_.fetch(VirtualAddress{(hart.pc + 2) & hart.xlen_mask()});
        if (!second) return std::nullopt;
        word |= std::uint32_t{*second} << 16;
    }
    return board_.decoder->decode(word);
}

const Instruction* Interpreter::find_straddling(const Hart& hart) {
    if (const auto* known = jumps_->find_straddling(hart.pc)) return known;
    const auto first = port_.locate_code(VirtualAddress{hart.pc});
    const auto second = port_.locate_code(VirtualAddress{(hart.pc + 2) & hart.xlen_mask()});
    if (!first || !second) return nullptr;
    const bool was_code = code_.holds_code(*memory_.page_of(*second));
    const auto word = code_.decode_half(*first) | std::uint32_t{code_.decode_half(*second)} << 16;
    forget_stale_jumps();
    if (!was_code) port_.page_became_code(*second);
    return jumps_->enter_straddling(hart.pc, board_.decoder->decode(word));
}

Interpreter::Call Interpreter::call_host(Hart& hart, Observer* observer) {
    if (!board_.options.semihosting) return Call::none;
    bool is_call = false;
    const auto change = [&] {
        auto changed = emu::call_host(board_, memory_, hart);
        is_call = changed.has_value();
        return std::move(changed).value_or(std::vector<MemoryPiece>{});
    };
    if (!make(change, {}, observer)) return Call::stopped;
    return is_call ? Call::made : Call::none;
}

bool Interpreter::goes_on_after(const Instruction& instruction, const AttemptResult& result, Hart& hart) {
    const bool turn_is_over = hart.waiting || board_.steps >= board_.turn.end;
    if (result.returned_from_trap || (result.ends_turn && turn_is_over)) return false;
    switch (instruction.opcode) {
        case Opcode::csrrw:
        case Opcode::csrrs:
        case Opcode::csrrc:
        case Opcode::csrrwi:
        case Opcode::csrrsi:
        case Opcode::csrrci: break;
        default: return true;
    }
    switch (reach_of(instruction.imm)) {
        case Reach::nothing: return true;
        case Reach::anything: return false;
        case Reach::loads: break;
    }
    port_.select(hart);
    return !interrupt_to_take(hart, board_.mip(hart));
}

Interpreter::Result Interpreter::run(Hart& hart, StepCount until, Observer* observer) {
    assert(board_.steps < until);
    port_.arm(observer);
    code_.bury();
    port_.select(hart);
    forget_stale_jumps();
    jumps_ = &jump_banks_[hart.id.value].select(fetch_space(hart));
    const auto before = board_.steps;
    const auto result = hart.xlen == 64 ? execute_blocks<std::uint64_t>(hart, until, observer)
                                        : execute_blocks<std::uint32_t>(hart, until, observer);
    statistics_.steps += (board_.steps - before).value;
    ++statistics_.slices[static_cast<std::size_t>(result.leave)];
    return result;
}

}  // namespace backspin::emu
