#include "cli/host_port.hpp"

#include <algorithm>
#include <utility>

#include "emu/semihosting.hpp"

namespace backspin::cli {

HostPort::HostPort(HostLoop& loop, Console& console, InputScript script, emu::RiscvMachine& machine,
                   SharedFolder files)
    : loop_(loop),
      console_(console),
      script_(std::move(script)),
      machine_(machine),
      files_(std::move(files)) {
    machine_.set_output(this);
}

HostPort::~HostPort() {
    machine_.set_output(nullptr);
}

// What a script types in answer to output must come at the same position in every run, and not where the
// host's clock happened to end a slice: it comes at multiples of this many steps, or when the machine is
// idle. 16 Ki steps are a fraction of a millisecond to the guest, and ending a run there costs less than a
// percent.
constexpr std::uint64_t kTypingGrid = std::uint64_t{1} << 14;

bool HostPort::may_type() const {
    const auto& board = machine_.board();
    if (machine_.now().value % kTypingGrid == 0 || board.waits_for_host()) return true;
    // An entry whose time has come right now, with nothing before it that has to wait: ask_again() made the
    // run end here.
    const auto time = script_.next_time();
    if (time && *time <= machine_.time() && waiting_.empty() && !script_.has_ready()) return true;
    return std::ranges::none_of(board.harts, [&](const auto& hart) { return board.can_move(hart); });
}

void HostPort::type_script() {
    const auto typed = script_.due(machine_.time());
    waiting_.insert(waiting_.end(), typed.begin(), typed.end());
}

std::vector<std::byte> HostPort::take(std::size_t room) {
    if (may_type()) {
        type_script();
        const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(room, waiting_.size()));
        std::vector<std::byte> typed(waiting_.begin(), end);
        waiting_.erase(waiting_.begin(), end);
        if (!typed.empty()) return typed;
    }
    return console_.take(room);
}

/// Empty: not yet.
std::vector<std::byte> HostPort::answer(const emu::HostRequest& request) {
    if (request.kind != emu::HostRequest::Kind::read_console) return files_.answer(request);
    const auto typed = take(request.length);
    const bool more_may_come = console_.interactive() || !waiting_.empty() || script_.has_ready() ||
                               script_.waiting_for() != nullptr;
    if (typed.empty() && more_may_come) return {};
    return emu::input_of({emu::HostError::none, typed});  // nothing typed: the end of the input
}

void HostPort::connect(Channel channel, std::unique_ptr<Outside> outside) {
    if (outside) connections_.push_back({channel, std::move(outside)});
}

bool HostPort::interactive() const {
    return console_.interactive() ||
           std::ranges::any_of(connections_, [](const auto& at) { return at.outside->interactive(); });
}

std::optional<DeviceInput> HostPort::typed(const Machine& machine) {
    const auto room = machine.room_for_input(kConsoleChannel);
    if (room == 0) return std::nullopt;
    DeviceInput input{kConsoleChannel, take(room)};
    if (input.bytes.empty()) return std::nullopt;
    return input;
}

std::optional<DeviceInput> HostPort::from_outside(const Machine& machine) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        auto& [channel, outside] = connections_[(next_connection_ + i) % connections_.size()];
        const auto room = machine.room_for_input(channel);
        if (room == 0 || (outside->answers_at_once() && !may_type())) continue;
        auto bytes = outside->next(std::min(room, replay::kMaxInputBytes));
        if (bytes.empty()) continue;
        next_connection_ = (next_connection_ + i + 1) % connections_.size();
        return DeviceInput{channel, std::move(bytes)};
    }
    return std::nullopt;
}

std::optional<DeviceInput> HostPort::next(const Machine& machine) {
    loop_.poll();
    if (const auto& request = machine_.board().semihosting.request) {
        auto bytes = answer(*request);
        if (bytes.empty()) return std::nullopt;
        return DeviceInput{emu::kSemihostingChannel, std::move(bytes)};
    }
    if (auto input = typed(machine)) return input;
    return from_outside(machine);
}

std::optional<replay::AskAgain> HostPort::ask_again(const Machine& machine) const {
    const bool script_is_done = waiting_.empty() && !script_.has_ready() && script_.waiting_for() == nullptr;
    const bool is_wanted = std::ranges::any_of(connections_, [&](const auto& at) {
        return at.outside->answers_at_once() && machine.room_for_input(at.channel) > 0;
    });
    if (script_is_done && !is_wanted) return std::nullopt;
    const auto now = machine.now();
    replay::AskAgain again{{now.value - now.value % kTypingGrid + kTypingGrid}, std::nullopt};
    if (const auto time = script_.next_time(); time && *time > machine.time()) {
        again.time = time;
        again.step = std::min(again.step, machine_.board().position_of(*time));
    }
    return again;
}

void HostPort::output(Channel channel, std::span<const std::byte> bytes) {
    const bool is_new = is_new_here();
    if (channel == kConsoleChannel) {
        console_.write(bytes);
        if (also_show_) also_show_(bytes);
        if (is_new) script_.hear(bytes);
        return;
    }
    for (auto& connection : connections_) {
        if (is_new && connection.channel == channel) connection.outside->output(bytes);
    }
}

}  // namespace backspin::cli
