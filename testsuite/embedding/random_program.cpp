#include "testsuite/embedding/random_program.hpp"

namespace backspin::m0 {
namespace {

constexpr std::uint32_t kBodyAt = 0x140, kFunctionAt = 0x440, kConstantsAt = 0x480;
// What does not change: r6 points to the data, r7 to the UART, r8 to SysTick, r9 is a mask of interrupts.
enum Constant : std::uint32_t { data, uart, systick, nvic, period, enables, uart_enables, constants };

class Writer {
  public:
    explicit Writer(std::mt19937_64& random) : random_(random) {}

    Program write() {
        program_.word(kConstantsAt + 4 * data, kDataAt);
        program_.word(kConstantsAt + 4 * uart, kUart0);
        program_.word(kConstantsAt + 4 * systick, kSystemControl + kSystickAt);
        program_.word(kConstantsAt + 4 * nvic, kSystemControl + Nvic::NVIC_ISER);
        program_.word(kConstantsAt + 4 * period, 20 + below(200));
        program_.word(kConstantsAt + 4 * enables, 0xffff'ffff);
        program_.word(kConstantsAt + 4 * uart_enables, below(0x80) | 3);
        start();
        body();
        handlers();
        program_.code(kFunctionAt, {any_code(), any_code(), 0x4770});
        return program_;
    }

  private:
    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
    std::uint16_t low() { return static_cast<std::uint16_t>(below(6)); }
    static std::uint16_t joined(std::uint32_t code) { return static_cast<std::uint16_t>(code); }

    /// ldr rN, the constant; as if at `at`.
    static std::uint16_t load(std::uint32_t at, std::uint32_t to, Constant constant) {
        return joined(0x4800 | to << 8 | (kConstantsAt + 4 * constant - ((at + 4) & ~3u)) / 4);
    }

    void start() {
        auto at = kMain;
        std::vector<std::uint16_t> code;
        const auto put = [&](std::uint16_t halfword) {
            code.push_back(halfword);
            at += 2;
        };
        put(load(at, 6, data));
        put(load(at, 0, uart));
        put(load(at, 1, uart_enables));
        put(0x6081);  // str r1, [r0, #8]: CTRL
        put(0x0007);  // movs r7, r0
        put(load(at, 0, nvic));
        put(load(at, 1, enables));
        put(0x6001);  // str r1, [r0]
        put(load(at, 0, systick));
        put(load(at, 1, period));
        put(0x6041);  // str r1, [r0, #4]: SYST_RVR
        put(0x2107);  // movs r1, #7
        put(0x6001);  // str r1, [r0]: SYST_CSR
        put(0x4680);  // mov r8, r0
        put(joined(0xe000 | ((kBodyAt - (at + 4)) / 2 & 0x7ff)));
        program_.code(kMain, code);
    }

    void body() {
        auto at = kBodyAt;
        const auto until = kBodyAt + 2 * (60 + below(100));
        while (at < until) at = piece(at);
        program_.code(at, {joined(0xe000 | ((kBodyAt - (at + 4)) / 2 & 0x7ff))});
    }

    std::uint32_t put(std::uint32_t at, const std::vector<std::uint16_t>& code) {
        program_.code(at, code);
        return at + 2 * static_cast<std::uint32_t>(code.size());
    }

    std::uint32_t piece(std::uint32_t at) {
        const auto r = low();
        switch (below(20)) {
            case 0: return put(at, {joined(0xd000 | below(14) << 8 | ((below(16) - 10) & 0xff))});  // branch
            case 1: return put(at, {joined(0xb400 | below(64) | 0x01), 0x46c0, joined(0xbc00 | 1u << r)});
            case 2: {
                const auto offset = kFunctionAt - (at + 4);
                return put(at, {joined(0xf000 | offset >> 12), joined(0xf800 | (offset >> 1 & 0x7ff))});
            }
            case 3: return put(at, {joined(0xdf00)});
            case 4: return put(at, {below(3) == 0 ? std::uint16_t{0xbf30} : std::uint16_t{0x46c0}});
            case 5: return put(at, {0xb672, any_code(), 0xb662});              // with interrupts masked
            case 6: return put(at, {0x0035, joined(0xc500 | 1 | below(32))});  // movs r5, r6; stmia r5!
            case 7: return put(at, {0x0035, joined(0xcd00 | 1 | below(32))});  // ldmia
            case 8: return put(at, {joined(0x6038 | r), joined(0x6838 | r)});  // the UART's DATA
            case 9:
                return put(at, {joined(0x4640 | r), joined(0x6880 | r << 3 | low())});  // mov r, r8; SYST_CVR
            case 10: return put(at, {joined(0xf3ef), joined(0x8000 | r << 8 | (below(2) == 0 ? 16 : 3))});
            case 11: return put(at, {joined(0xf380 | r), joined(0x8800 | (below(2) == 0 ? 16u : 0u))});
            case 12: return put(at, {below(4) == 0 ? joined(below(0x1'0000)) : any_code()});
            default: return put(at, {any_code()});
        }
    }

    /// Arithmetic among r0 to r5, and loads and stores of the data.
    std::uint16_t any_code() {
        const auto a = low();
        const auto b = low();
        switch (below(8)) {
            case 0: return joined(below(3) << 11 | below(32) << 6 | b << 3 | a);           // shifts
            case 1: return joined(0x1800 | below(4) << 9 | low() << 6 | b << 3 | a);       // add, sub
            case 2: return joined(0x2000 | below(4) << 11 | a << 8 | below(256));          // immediate
            case 3: return joined(0x4000 | below(16) << 6 | b << 3 | a);                   // data processing
            case 4: return joined(0x6000 | below(2) << 11 | below(32) << 6 | 6 << 3 | a);  // words
            case 5: return joined(0x7000 | below(2) << 11 | below(32) << 6 | 6 << 3 | a);  // bytes
            case 6: return joined(0x8000 | below(2) << 11 | below(32) << 6 | 6 << 3 | a);  // halfwords
            default: return joined((below(2) == 0 ? 0xb200 : 0xba00) | below(2) << 6 | b << 3 | a);
        }
    }

    void handlers() {
        // ldr r0, [r6]; adds r0, #1; str r0, [r6]: r6 is what the interrupted code had.
        program_.code(handler_of(kSystick), {0x6830, 0x3001, 0x6030, any_code(), 0x4770});
        program_.code(handler_of(kSvcall), {any_code(), any_code(), 0x4770});
        // Clears INTSTATUS, takes DATA: movs r0, #15; str r0, [r7, #12]; ldr r0, [r7]; str r0, [r6, #4].
        for (const auto irq : {kUartRxIrq, kUartTxIrq, kUartOverrunIrq}) {
            program_.code(handler_of(static_cast<Exception>(kIrq0 + irq)),
                          {0x200f, 0x60f8, 0x6838, 0x6070, 0x4770});
        }
        // The return address becomes kMain, the status T and the exception that was interrupted, if any:
        // movs r0, #1; lsls r0, #8; str r0, [sp, #24]; ldr r1, [sp, #28]; lsls r1, #26; lsrs r1, #26;
        // lsls r0, #16; orrs r0, r1; str r0, [sp, #28]; bx lr
        program_.code(handler_of(kHardFault),
                      {0x2001, 0x0200, 0x9006, 0x9907, 0x0689, 0x0e89, 0x0400, 0x4308, 0x9007, 0x4770});
    }

    std::mt19937_64& random_;
    Program program_;
};

}  // namespace

Program random_program(std::mt19937_64& random) {
    return Writer(random).write();
}

}  // namespace backspin::m0
