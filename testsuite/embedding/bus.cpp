#include "testsuite/embedding/bus.hpp"

#include <cstring>

namespace backspin::m0 {

std::optional<std::uint32_t> memory_offset(std::uint32_t address) {
    if (address - kFlash < kMemoryEach) return address - kFlash;
    if (address - kRam < kMemoryEach) return kMemoryEach + (address - kRam);
    return std::nullopt;
}

std::optional<std::uint32_t> peek_device(const State& state, std::uint32_t address) {
    if (address - kUart0 < kDeviceEach) return state.uart.peek(address - kUart0);
    if (address - kSystemControl >= kDeviceEach) return std::nullopt;
    const auto offset = address - kSystemControl;
    if (offset - kSystickAt <= SysTick::SYST_CALIB)
        return state.systick.peek(offset - kSystickAt, state.clock.clocks());
    return state.nvic.read(offset, state.cpu.ipsr);
}

const std::byte* Bus::bytes_at(std::uint32_t offset) const {
    return memory_.read_page({offset / kPageSize}) + offset % kPageSize;
}

std::uint16_t Bus::fetch(std::uint32_t address) {
    const auto offset = memory_offset(address);
    if (!offset) throw Fault{};
    if (notes_ != nullptr) notes_->executed.add(page_number(VirtualAddress{address}));
    std::uint16_t code = 0;
    std::memcpy(&code, bytes_at(*offset), sizeof code);
    return code;
}

std::uint32_t Bus::read(std::uint32_t address, std::uint32_t size) {
    if (address % size != 0) throw Fault{};
    const auto offset = memory_offset(address);
    std::uint32_t value = 0;
    if (offset) {
        std::memcpy(&value, bytes_at(*offset), size);
    } else {
        if (size != 4) throw Fault{};
        value = read_device(address);
    }
    if (listed_ != nullptr) {
        listed_->push_back({address, size, false});
    } else {
        notes_->read.add(page_number(VirtualAddress{address}));
    }
    return value;
}

void Bus::write(std::uint32_t address, std::uint32_t value, std::uint32_t size) {
    if (address % size != 0) throw Fault{};
    const auto offset = memory_offset(address);
    const bool is_ram = offset && *offset >= kMemoryEach;
    std::uint32_t changed = ~0u;
    if (is_ram) {
        std::uint32_t before = 0;
        std::memcpy(&before, bytes_at(*offset), size);
        changed = before ^ value;
        if (writable_ != nullptr)
            std::memcpy(writable_->write_page({*offset / kPageSize})->bytes().data() + *offset % kPageSize,
                        &value, size);
    } else {
        if (offset || size != 4) throw Fault{};
        write_device(address, value);
    }
    if (listed_ != nullptr) {
        listed_->push_back({address, size, true, changed});
        return;
    }
    notes_->written.add(page_number(VirtualAddress{address}));
    notes_->changed.add(page_number(PhysicalAddress{address}));
}

std::uint32_t Bus::read_device(std::uint32_t address) {
    const auto value = peek_device(state_, address);
    if (!value) throw Fault{};
    // What reading does besides.
    if (address == kUart0 + Uart::DATA) state_.uart.read(Uart::DATA);
    if (address == kSystemControl + kSystickAt + SysTick::SYST_CSR)
        state_.systick.read(SysTick::SYST_CSR, state_.clock.clocks());
    return *value;
}

void Bus::write_device(std::uint32_t address, std::uint32_t value) {
    if (address - kUart0 < kDeviceEach) {
        const auto sent = state_.uart.write(address - kUart0, value);
        if (sent && sink_ != nullptr) sink_->output(kUartChannel, {&*sent, 1});
        return;
    }
    const auto offset = address - kSystemControl;
    if (offset >= kDeviceEach) throw Fault{};
    if (offset - kSystickAt <= SysTick::SYST_CALIB) {
        state_.systick.write(offset - kSystickAt, value, state_.clock.clocks());
    } else {
        state_.nvic.write(offset, value);
    }
}

}  // namespace backspin::m0
