#include "cli/host_port.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "emu/semihosting.hpp"

namespace backspin::cli {
namespace {

/// Nanoseconds since the epoch, as the machine's clock takes them.
std::vector<std::byte> host_clock() {
    using std::chrono::nanoseconds;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto ns = static_cast<std::uint64_t>(std::chrono::duration_cast<nanoseconds>(now).count());
    const auto bytes = std::as_bytes(std::span(&ns, 1));
    return {bytes.begin(), bytes.end()};
}

}  // namespace

HostPort::HostPort(HostLoop& loop, Console& console, InputScript script, emu::RiscvMachine& machine,
                   SharedFolder files)
    : loop_(loop),
      console_(console),
      script_(std::move(script)),
      machine_(machine),
      files_(std::move(files)) {
    machine_.set_output(this);
    const auto& devices = machine_.board().options.virtio;
    for (std::size_t i = 0; i < devices.size(); ++i) {
        using emu::virtio::InputOptions;
        const auto* input = std::get_if<InputOptions>(&devices[i]);
        if (input == nullptr) continue;
        const bool is_keyboard = input->kind == InputOptions::Kind::keyboard;
        scripted_.push_back(
            {is_keyboard ? ScriptDevice::keyboard : ScriptDevice::pointer, emu::virtio_channel(i)});
    }
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
    if (machine_.now().value % kTypingGrid == 0 || board.semihosting.request) return true;
    // An entry whose time has come right now, with nothing before it that has to wait: ask_again() made the
    // run end here.
    const auto time = script_.next_time();
    if (time && *time <= machine_.time() && nothing_waits() && !script_.has_ready()) return true;
    return std::ranges::none_of(board.harts, [&](const auto& hart) { return board.can_move(hart); });
}

void HostPort::type_script() {
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
        const auto typed = script_.due(machine_.time(), static_cast<ScriptDevice>(i));
        waiting_[i].insert(waiting_[i].end(), typed.begin(), typed.end());
    }
}

bool HostPort::nothing_waits() const {
    return std::ranges::all_of(waiting_, [](const auto& waiting) { return waiting.empty(); });
}

std::vector<std::byte> HostPort::take_typed(ScriptDevice device, std::size_t room) {
    if (!on_branch_0() || !may_type()) return {};
    type_script();
    auto& waiting = waiting_for(device);
    const auto end = waiting.begin() + static_cast<std::ptrdiff_t>(std::min(room, waiting.size()));
    std::vector<std::byte> typed(waiting.begin(), end);
    waiting.erase(waiting.begin(), end);
    return typed;
}

std::vector<std::byte> HostPort::take(std::size_t room) {
    auto bytes = take_typed(ScriptDevice::console, room);
    return bytes.empty() ? console_.take(room) : bytes;
}

/// Empty: not yet.
std::vector<std::byte> HostPort::answer(const emu::HostRequest& request) {
    if (request.kind != emu::HostRequest::Kind::read_console) return files_.answer(request);
    const auto typed = take(request.length);
    const bool script_goes_on =
        on_branch_0() && (!nothing_waits() || script_.has_ready() || script_.waiting_for() != nullptr);
    const bool more_may_come = console_.interactive() || script_goes_on;
    if (typed.empty() && more_may_come) return {};
    return emu::input_of({emu::HostError::none, typed});  // nothing typed: the end of the input
}

void HostPort::flush() {
    console_.flush();
    for (auto& connection : connections_) connection.outside->flush();
}

void HostPort::connect(Channel channel, std::unique_ptr<Outside> outside) {
    if (outside) connections_.push_back({channel, std::move(outside)});
}

bool HostPort::interactive() const {
    return console_.interactive() || std::ranges::any_of(connections_, [&](const auto& at) {
               return is_connected(at) && at.outside->interactive();
           });
}

bool HostPort::reaches_others() const {
    return std::ranges::any_of(connections_, [](const auto& at) { return at.outside->reaches_others(); });
}

std::optional<DeviceInput> HostPort::typed(const Machine& machine) {
    const auto room = machine.room_for_input(kConsoleChannel);
    if (room == 0) return std::nullopt;
    DeviceInput input{kConsoleChannel, take(room)};
    if (input.bytes.empty()) return std::nullopt;
    return input;
}

std::optional<DeviceInput> HostPort::from_script(const Machine& machine) {
    for (const auto& [device, channel] : scripted_) {
        const auto room = machine.room_for_input(channel);
        if (room == 0) continue;
        auto events = take_typed(device, room);
        if (!events.empty()) return DeviceInput{channel, std::move(events)};
    }
    return std::nullopt;
}

std::optional<DeviceInput> HostPort::from_outside(const Machine& machine) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        auto& connection = connections_[(next_connection_ + i) % connections_.size()];
        if (!is_connected(connection)) continue;
        auto& [channel, outside] = connection;
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
    if (machine_.board().rtc.asks_host()) return DeviceInput{emu::kRtcChannel, host_clock()};
    if (auto input = typed(machine)) return input;
    if (auto input = from_script(machine)) return input;
    return from_outside(machine);
}

std::optional<replay::AskAgain> HostPort::ask_again(const Machine& machine) const {
    const bool script_is_done =
        !on_branch_0() || (nothing_waits() && !script_.has_ready() && script_.waiting_for() == nullptr);
    const bool is_wanted = std::ranges::any_of(connections_, [&](const auto& at) {
        return at.outside->answers_at_once() && machine.room_for_input(at.channel) > 0;
    });
    if (script_is_done && !is_wanted) return std::nullopt;
    const auto now = machine.now();
    replay::AskAgain again{{now.value - now.value % kTypingGrid + kTypingGrid}, std::nullopt};
    const auto time = script_is_done ? std::nullopt : script_.next_time();
    if (time && *time > machine.time()) {
        again.time = time;
        again.step = std::min(again.step, machine_.board().position_of(*time));
    }
    return again;
}

void HostPort::output(Channel channel, std::span<const std::byte> bytes) {
    const bool is_new = is_new_here();
    if (is_new && also_tell_) also_tell_(channel, bytes);
    if (channel == kConsoleChannel) {
        console_.write(bytes);
        if (also_show_) also_show_(bytes);
        if (is_new && on_branch_0()) script_.hear(bytes);
        return;
    }
    for (auto& connection : connections_) {
        const bool hears = is_new || connection.outside->is_for_eyes();
        if (hears && connection.channel == channel && is_connected(connection))
            connection.outside->output(bytes);
    }
}

}  // namespace backspin::cli
