// The processor at work: all instructions of ARMv6-M, and the entry to and return from exceptions. What the
// manual calls UNPREDICTABLE is a HardFault here; WFE and SEV are hints that do nothing, as it allows.
// ARMv6-M Architecture Reference Manual (ARM DDI 0419), A6 and B1.5.
#pragma once

#include <cstdint>

#include "testsuite/embedding/bus.hpp"
#include "testsuite/embedding/state.hpp"

namespace backspin::m0 {

class Core {
  public:
    Core(State& state, Bus& bus) : state_(state), cpu_(state.cpu), bus_(bus) {}

    /// Registers as after power-on, and on to where the vector table says.
    void reset();
    /// Attempts the instruction at pc, which may lead to an SVCall or a HardFault. True: it returned from an
    /// exception.
    bool attempt();
    /// Takes an exception that was pending.
    void interrupt(Exception exception);

  private:
    using Word = std::uint32_t;
    struct Sum {
        Word value;
        bool carry, overflow;
    };

    // instructions.cpp, by the groups of A5.2
    void execute(Word op);
    void shift_add_move(Word op);
    void immediate(Word op);
    void data_processing(Word op);
    void special_data(Word op);
    void load_store_register(Word op);
    void load_store_immediate(Word op);
    void stack_or_address(Word op);
    void miscellaneous(Word op);
    void push(Word op);
    void pop(Word op);
    void extend(Word op);
    void reverse(Word op);
    void hint(Word op);
    void store_multiple(Word op);
    void load_multiple(Word op);
    void conditional(Word op);
    void wide(Word op);
    void move_from_special(Word to, Word which);
    void move_to_special(Word which, Word value);

    // instructions.cpp: what they are made of
    Word get(Word number) const;
    void set(Word number, Word value);
    void set_flags(Word result);
    static Sum add_with_carry(Word a, Word b, bool carry);
    Word add_and_set_flags(Word a, Word b, bool carry);
    Word shifted(Word kind, Word value, Word by);
    bool holds(Word condition) const;
    void branch_exchange(Word target);

    // exceptions.cpp
    void enter(Exception exception, Word return_address);
    void push_frame(Word return_address);
    void pop_frame();
    void hard_fault();
    void exception_return(Word value);

    State& state_;
    Cpu& cpu_;
    Bus& bus_;
    Word at_ = 0;            ///< of the instruction
    bool returned_ = false;  ///< it returned from an exception
};

}  // namespace backspin::m0
