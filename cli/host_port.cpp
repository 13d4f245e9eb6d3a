#include "cli/host_port.hpp"

#include <algorithm>

namespace backspin::cli {

HostPort::HostPort(HostLoop& loop, Console& console, InputScript script, emu::RiscvMachine& machine)
    : loop_(loop), console_(console), script_(std::move(script)), machine_(machine) {
    machine_.set_output(this);
}

HostPort::~HostPort() {
    machine_.set_output(nullptr);
}

std::optional<DeviceInput> HostPort::next(const Machine& machine) {
    loop_.poll();
    const auto room = machine.room_for_input(kConsoleChannel);
    if (room == 0) return std::nullopt;
    const auto typed = script_.due(machine.time());
    waiting_.insert(waiting_.end(), typed.begin(), typed.end());
    DeviceInput input{kConsoleChannel, {}};
    if (waiting_.empty()) {
        input.bytes = console_.take(room);
    } else {
        const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(room, waiting_.size()));
        input.bytes.assign(waiting_.begin(), end);
        waiting_.erase(waiting_.begin(), end);
    }
    if (input.bytes.empty()) return std::nullopt;
    return input;
}

std::optional<replay::DueInput> HostPort::next_due(const Machine& machine) const {
    const auto time = script_.next_time();
    if (!time || *time <= machine.time()) return std::nullopt;
    return replay::DueInput{*time, machine_.board().position_of(*time)};
}

void HostPort::output(Channel channel, std::span<const std::byte> bytes) {
    if (channel != kConsoleChannel) return;
    console_.write(bytes);
    if (also_show_) also_show_(bytes);
    if (machine_.now() < heard_until_) return;
    heard_until_ = machine_.now() + StepCount{1};
    script_.hear(bytes);
}

}  // namespace backspin::cli
