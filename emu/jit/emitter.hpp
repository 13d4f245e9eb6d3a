// Writes the host's instructions for one guest instruction after another: registers, arithmetic, accesses,
// jumps. What an instruction needs of this stands beside its name in emission.inc.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2; System V ABI for AMD64,
// section "Function Calling Sequence".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include <xbyak/xbyak.h>
#include <xbyak/xbyak_util.h>

#include "emu/engine/block.hpp"
#include "emu/isa/instruction.hpp"
#include "emu/jit/registers.hpp"

namespace backspin::emu::jit {

/// What this host's processor can do beyond plain x86-64.
struct HostFeatures {
    bool bmi2 = false, lzcnt = false, bmi1 = false, popcnt = false, fma = false;
    static HostFeatures detect();
};

/// Distances in bytes that translated code depends on.
struct Layout {
    int f = 0;  ///< from Hart::x to Hart::f
};

class Emitter : public Xbyak::CodeGenerator {
  public:
    Emitter(std::span<std::byte> memory, unsigned xlen, const HostFeatures& features, const Layout& layout);

    // ---- around the blocks ----------------------------------------------------------------------
    /// Writes what all blocks share. Call once, on empty memory.
    void write_common();
    /// What is written next replaces all blocks.
    void forget_blocks() { setSize(common_bytes_); }
    /// void(Frame*, const std::byte* code)
    const std::byte* entrance() const { return entrance_; }
    /// Where a block that was not translated leads: leaves with Exit::enter.
    const std::byte* untranslated() const { return untranslated_; }

    const std::byte* here() const { return reinterpret_cast<const std::byte*>(getCurr()); }

    /// Pays for the block; what follows is its first operation.
    void begin_block(const Slot* head, unsigned steps);
    /// The code of the following calls belongs to this operation of the block.
    void begin_operation(std::size_t index, const Slot& slot, const Instruction& instruction);
    /// Writes the exits that the operations asked for.
    void end_block();

    // ---- one operation --------------------------------------------------------------------------
    /// By its rule, or by a call of its semantics. Leaves to the interpreter what has neither.
    void emit(const Instruction& instruction);
    /// Leaves to the interpreter, which executes the operation.
    void leave();
    /// Leaves if an observer may want to stop here.
    void leave_if_observed();
    /// Goes on at this offset from the page's address, in whatever block.
    void go_to_offset(std::int64_t offset);

  private:
    // ---- registers ------------------------------------------------------------------------------
    bool is_64() const { return xlen_ == 64; }
    /// As wide as the guest's registers.
    Xbyak::Reg wide(const Reg64& r) const { return is_64() ? Xbyak::Reg(r) : Xbyak::Reg(r.cvt32()); }
    static bool has_home(unsigned guest) { return kHostOf[guest] >= 0; }
    static Reg64 home(unsigned guest) { return Reg64(kHostOf[guest]); }
    Xbyak::Address in_memory(unsigned guest) const {
        return ptr[kHart + static_cast<int>(guest * 8) - kHartBias];
    }
    int offset_of_float(unsigned number) const {
        return layout_.f + static_cast<int>(number * 8) - kHartBias;
    }
    Xbyak::Address float_in_memory(unsigned number) const { return ptr[kHart + offset_of_float(number)]; }
    /// The value of a guest register, in its home or loaded into `scratch`.
    Reg64 value_of(unsigned guest, const Reg64& scratch);
    /// Moves it into exactly this register.
    void load(const Reg64& to, unsigned guest);
    /// Hands `use` the value as an operand this wide: its home, memory, or `scratch` holding zero.
    template <class Use>
    void with_operand(unsigned guest, const Reg64& scratch, bool as_word, Use use);
    /// Makes a result the value of a guest register.
    void write(unsigned guest, const Reg64& from);
    /// Where a result may be computed, given that `other` is read after it was begun.
    Reg64 place_for(unsigned rd, unsigned other) const;

    // ---- arithmetic: the rules' vocabulary --------------------------------------------------------
    enum class Width : std::uint8_t { full, word };  ///< a word's result is sign-extended
    template <class Emit>
    void binary(Width width, Emit emit);
    /// The second operand's bits the other way round.
    template <class Emit>
    void binary_inverted(Emit emit);
    template <class Emit>
    void unary(Width width, Emit emit);
    template <class Emit>
    void with_immediate(Width width, Emit emit);
    void add_immediate(Width width);
    void load_upper();
    void add_upper_to_pc();
    enum class Shift : std::uint8_t { left, right, arithmetic };
    void shift(Width width, Shift kind);
    void shift_immediate(Width width, Shift kind);
    enum class Order : std::uint8_t { equal, not_equal, less, not_less, below, not_below };
    void set_if(Order order, bool immediate);
    void high_product(bool is_signed);
    enum class Division : std::uint8_t { quotient, remainder };
    void divide(Width width, bool is_signed, Division which);
    void shifted_sum(int scale);
    void choose(Order order);
    /// `function(a, b or imm)` by the host's calling convention.
    void call_semantics(const void* function, bool immediate);
    void save_before_call();
    void restore_after_call();

    // ---- memory -----------------------------------------------------------------------------------
    /// The address of the access, in its own register or computed in rax.
    Reg64 address();
    /// rcx: what leads from this address of the guest to the host's; leaves where none is known. The access
    /// is made at [at + rcx].
    void find(const Reg64& at, unsigned size, bool for_writing);
    enum class Atomic : std::uint8_t { swap, add, xor_, and_, or_, min, max, min_unsigned, max_unsigned };
    void atomic(unsigned size, Atomic operation);
    template <class Value>
    void load_value();
    void store_value(unsigned size);

    // ---- floating point ---------------------------------------------------------------------------
    enum class Precision : std::uint8_t { single, twice };  ///< twice: double precision
    void use_float();
    void leave_unless_boxed(unsigned number);
    bool rounds_dynamically() const { return instruction_.rounding == 7; }
    void load_float(Precision precision);
    void store_float(Precision precision);
    void load_number(Precision precision, const Xbyak::Xmm& to, unsigned number);
    void write_float(Precision precision, const Xbyak::Xmm& from);
    void write_number(Precision precision, const Xbyak::Xmm& from);
    template <class Emit>
    void float_binary(Precision precision, Emit emit);
    template <class Emit>
    void float_fused(Precision precision, Emit emit);
    void float_root(Precision precision);
    enum class Sign : std::uint8_t { copied, negated, multiplied };
    void float_sign(Precision precision, Sign sign);
    enum class Relation : std::uint8_t { equal, less, less_equal };
    void float_compare(Precision precision, Relation relation);
    void float_to_integer(Precision precision, unsigned bits);
    void float_from_integer(Precision precision, unsigned bits, bool is_signed);
    void float_convert(Precision to);
    void float_move_to_integer(Precision precision);
    void float_move_from_integer(Precision precision);

    // ---- control ----------------------------------------------------------------------------------
    void branch(Order order);
    void compare();
    void jump_if(Order order, const Xbyak::Label& target);
    bool leads_within_page(std::int64_t offset) const;
    void jump();
    void jump_to_register();
    /// rax: the address to go on at.
    void go_to_address();
    void write_link_register();

    /// Where the operation is left to the interpreter.
    Xbyak::Label& leaving();
    struct Leaving {
        std::size_t index;
        Xbyak::Label label;
    };
    struct Link {
        std::size_t index;
        bool taken;
        const std::byte* site;
        Xbyak::Label label;
    };
    struct Beside {
        std::size_t index;
        Reg64 at;
        unsigned size;
        Xbyak::Label label, back;
    };
    struct FloatStart {
        std::size_t index;
        Xbyak::Label label, back;
    };
    /// Where a jump leads as long as its target is not known; site is to be set behind the jump.
    Link& link(bool taken);
    void jump_to_link(bool taken);
    void write_entrance();
    void write_exits();
    void write_float_start();
    void write_find_beside(unsigned size);

    unsigned xlen_;
    HostFeatures features_;
    Layout layout_;

    std::size_t common_bytes_ = 0;
    const std::byte* entrance_ = nullptr;
    const std::byte* untranslated_ = nullptr;
    const std::uint8_t *leave_operation_ = nullptr, *leave_link_ = nullptr, *leave_to_address_ = nullptr,
                       *start_float_ = nullptr;
    std::array<const std::uint8_t*, 9> find_beside_{};  ///< by the access's size

    const Slot* head_ = nullptr;
    unsigned steps_ = 0;
    std::optional<Xbyak::Label> cannot_pay_;
    std::size_t index_ = 0;
    Operation operation_;
    Instruction instruction_;
    std::deque<Leaving> leavings_;
    std::deque<Link> links_;
    std::deque<FloatStart> float_starts_;
    std::deque<Beside> besides_;
};

}  // namespace backspin::emu::jit
