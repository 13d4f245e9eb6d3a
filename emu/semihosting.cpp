#include "emu/semihosting.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "emu/guest_buffer.hpp"
#include "emu/input.hpp"

namespace backspin::emu {
namespace {

using OpenFile = Semihosting::OpenFile;

constexpr unsigned kA0 = 10, kA1 = 11;

enum Operation : std::uint32_t {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITEC = 0x03,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_READC = 0x07,
    SYS_ISERROR = 0x08,
    SYS_ISTTY = 0x09,
    SYS_SEEK = 0x0a,
    SYS_FLEN = 0x0c,
    SYS_TMPNAM = 0x0d,
    SYS_REMOVE = 0x0e,
    SYS_RENAME = 0x0f,
    SYS_CLOCK = 0x10,
    SYS_TIME = 0x11,
    SYS_ERRNO = 0x13,
    SYS_GET_CMDLINE = 0x15,
    SYS_HEAPINFO = 0x16,
    SYS_EXIT = 0x18,
    SYS_EXIT_EXTENDED = 0x20,
    SYS_ELAPSED = 0x30,
    SYS_TICKFREQ = 0x31,
};

/// The reason of an exit that is none but the program's own end.
constexpr std::uint64_t kApplicationExit = 0x20026;

/// What a program finds in the file ":semihosting-features": a magic number, and that SYS_EXIT_EXTENDED and a
/// separate error output exist.
constexpr std::array<std::byte, 5> kFeatures{std::byte{'S'}, std::byte{'H'}, std::byte{'F'}, std::byte{'B'},
                                             std::byte{3}};

/// Bytes that one call writes to the console at most; a longer one is told how much is left.
constexpr std::uint64_t kMostWritten = std::uint64_t{1} << 20;

std::uint64_t number_in(std::span<const std::byte> bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
    return value;
}

/// One call, or one answer: the hart's registers and memory.
class Caller {
  public:
    Caller(Board& board, Memory& memory, Hart& hart) : board_(board), memory_(memory), hart_(hart) {}

    ChangedMemory& changed() { return changed_; }

    /// SYS_...: fills the result register, unless the host is asked or nothing is returned.
    void perform(std::uint32_t operation);
    void take(const HostRequest& request, const HostAnswer& answer);

  private:
    Semihosting& state() { return board_.semihosting; }
    std::uint64_t parameter() const { return hart_.x[kA1]; }
    std::uint64_t field_size() const { return hart_.xlen / 8; }

    void give(std::uint64_t result) { hart_.write(kA0, result & hart_.xlen_mask()); }
    void fail(HostError error, std::uint64_t result = ~std::uint64_t{0}) {
        state().error = error;
        give(result);
    }

    bool read(VirtualAddress at, std::span<std::byte> out) {
        return read_for_hart(board_.isa(), memory_, hart_, at, out);
    }
    /// False, and nothing done, if the hart may not store there.
    bool write(VirtualAddress at, std::span<const std::byte> bytes);
    bool write_field(std::size_t index, std::uint64_t value);
    /// The argument block's fields from the first on; nothing, and the call has failed, if it cannot be read.
    template <std::size_t kCount>
    std::optional<std::array<std::uint64_t, kCount>> fields();
    /// The file under the handle in the first field.
    OpenFile* file_of(std::uint64_t handle);

    void open();
    void close();
    void write_character();
    void write_text();
    void write_bytes();
    void read_bytes();
    void read_character();
    void is_error();
    void is_terminal();
    void seek();
    void tell_length();
    void get_command_line();
    void get_heap();
    void exit(bool has_block);
    void get_elapsed();

    void output(std::span<const std::byte> bytes);
    void switch_off(std::uint64_t code);
    void opened(const HostRequest& request, const HostAnswer& answer);
    void ask(HostRequest request);
    /// Asks for what is typed, or takes what the UART has received of it.
    void ask_console(HostRequest request);
    std::vector<std::byte> take_received(std::size_t at_most);
    /// Gives what a read of the request's file brought.
    void deliver(const HostRequest& request, std::span<const std::byte> data);

    Board& board_;
    Memory& memory_;
    Hart& hart_;
    ChangedMemory changed_;
};

// ---- registers and memory -----------------------------------------------------------------------

bool Caller::write(VirtualAddress at, std::span<const std::byte> bytes) {
    const auto pieces = locate_for_hart(board_.isa(), memory_, hart_, at, bytes.size(), AccessKind::store);
    if (!pieces) return false;
    write_from_outside(board_, memory_, *pieces, bytes);
    changed_.insert(changed_.end(), pieces->begin(), pieces->end());
    return true;
}

bool Caller::write_field(std::size_t index, std::uint64_t value) {
    const auto bytes = std::as_bytes(std::span(&value, 1)).first(field_size());
    return write(VirtualAddress{parameter() + index * field_size()}, bytes);
}

template <std::size_t kCount>
std::optional<std::array<std::uint64_t, kCount>> Caller::fields() {
    std::array<std::byte, 8 * kCount> bytes;
    const auto block = std::span(bytes).first(kCount * field_size());
    if (!read(VirtualAddress{parameter()}, block)) {
        fail(HostError::fault);
        return std::nullopt;
    }
    std::array<std::uint64_t, kCount> values{};
    for (std::size_t i = 0; i < kCount; ++i)
        values[i] = number_in(block.subspan(i * field_size(), field_size()));
    return values;
}

OpenFile* Caller::file_of(std::uint64_t handle) {
    auto* file = state().find(handle);
    if (file == nullptr) fail(HostError::bad_handle);
    return file;
}

// ---- files and the console ----------------------------------------------------------------------

void Caller::open() {
    const auto block = fields<3>();
    if (!block) return;
    const auto [at, mode, length] = *block;
    // r, rb, r+, r+b, then w..., then a...
    if (mode >= 12 || length > Semihosting::kLongestName) return fail(HostError::invalid);
    std::string name(length, '\0');
    if (!read(VirtualAddress{at}, std::as_writable_bytes(std::span(name)))) return fail(HostError::fault);
    if (name.find('\0') != std::string::npos) return fail(HostError::invalid);
    const auto handle = state().free_handle();
    if (!handle) return fail(HostError::too_many_open);

    using Kind = OpenFile::Kind;
    const auto open_own = [&](Kind kind, std::uint64_t size) {
        state().files[*handle] = OpenFile{kind, {}, 0, size};
        give(*handle);
    };
    if (name == ":tt") return open_own(mode < 4 ? Kind::console_input : Kind::console_output, 0);
    if (mode > 1) return fail(HostError::access);
    if (name == ":semihosting-features") return open_own(Kind::features, kFeatures.size());
    HostRequest request;
    request.name = std::move(name);
    request.handle = *handle;
    ask(std::move(request));
}

void Caller::close() {
    const auto block = fields<1>();
    if (!block || file_of(block->front()) == nullptr) return;
    if (block->front() >= Semihosting::kFirstFree) state().files[block->front()].reset();
    give(0);
}

void Caller::output(std::span<const std::byte> bytes) {
    if (board_.output != nullptr && !bytes.empty()) board_.output->output(kConsoleChannel, bytes);
}

void Caller::write_character() {
    std::byte character{};
    if (read(VirtualAddress{parameter()}, std::span(&character, 1))) output(std::span(&character, 1));
}

void Caller::write_text() {
    std::vector<std::byte> text;
    while (text.size() < kMostWritten) {
        const VirtualAddress at{parameter() + text.size()};
        std::array<std::byte, kPageSize> page;
        const auto rest = std::span(page).first(kPageSize - at.value % kPageSize);
        // What the protection splits a page for is read byte by byte.
        const auto part = read(at, rest) ? rest : rest.first(read(at, rest.first(1)) ? 1 : 0);
        const auto end = std::ranges::find(part, std::byte{0});
        text.insert(text.end(), part.begin(), end);
        if (part.empty() || end != part.end()) break;
    }
    output(text);
}

void Caller::write_bytes() {
    const auto block = fields<3>();
    if (!block) return;
    const auto [handle, at, length] = *block;
    const auto* file = state().find(handle);
    if (file == nullptr || file->kind != OpenFile::Kind::console_output)
        return fail(HostError::bad_handle, length);
    std::vector<std::byte> bytes(std::min(length, kMostWritten));
    if (!read(VirtualAddress{at}, bytes)) return fail(HostError::fault, length);
    output(bytes);
    give(length - bytes.size());
}

void Caller::read_bytes() {
    const auto block = fields<3>();
    if (!block) return;
    const auto [handle, at, asked] = *block;
    const auto* file = state().find(handle);
    if (file == nullptr || file->kind == OpenFile::Kind::console_output)
        return fail(HostError::bad_handle, asked);
    if (asked == 0) return give(0);
    HostRequest request;
    request.kind = HostRequest::Kind::read_file;
    request.name = file->name;
    request.offset = file->position;
    request.length = static_cast<std::uint32_t>(std::min<std::uint64_t>(asked, Semihosting::kMostBytes));
    request.handle = static_cast<std::uint32_t>(handle);
    request.buffer = VirtualAddress{at};
    request.asked = asked;
    if (file->is_console()) return ask_console(std::move(request));
    if (file->kind == OpenFile::Kind::file) return ask(std::move(request));
    deliver(request, std::span(kFeatures).subspan(std::min<std::uint64_t>(file->position, kFeatures.size())));
}

void Caller::read_character() {
    HostRequest request;
    request.length = 1;
    request.asked = 1;
    request.is_character = true;
    ask_console(std::move(request));
}

void Caller::is_error() {
    const auto block = fields<1>();
    if (!block) return;
    const auto sign = block->front() >> (hart_.xlen - 1);
    give(sign);
}

void Caller::is_terminal() {
    const auto block = fields<1>();
    if (!block) return;
    const auto* file = file_of(block->front());
    if (file != nullptr) give(file->is_console() ? 1 : 0);
}

void Caller::seek() {
    const auto block = fields<2>();
    if (!block) return;
    auto* file = file_of(block->front());
    if (file == nullptr) return;
    if (file->is_console()) return fail(HostError::not_seekable);
    file->position = (*block)[1];
    give(0);
}

void Caller::tell_length() {
    const auto block = fields<1>();
    if (!block) return;
    const auto* file = file_of(block->front());
    if (file == nullptr) return;
    if (file->is_console()) return fail(HostError::not_seekable);
    give(file->length);
}

// ---- the program and its clock ------------------------------------------------------------------

void Caller::get_command_line() {
    const auto block = fields<2>();
    if (!block) return;
    const auto [at, size] = *block;
    const auto& text = board_.options.semihosting_arguments;
    if (text.size() >= size) return fail(HostError::too_big);
    const auto bytes = std::as_bytes(std::span(text.c_str(), text.size() + 1));
    if (!write(VirtualAddress{at}, bytes) || !write_field(1, text.size())) return fail(HostError::fault);
    give(0);
}

/// Zeros: the host knows nothing better than what the program was linked with.
void Caller::get_heap() {
    const auto block = fields<1>();
    if (!block) return;
    constexpr std::array<std::byte, 4 * sizeof(std::uint64_t)> kUnknown{};
    if (!write(VirtualAddress{block->front()}, std::span(kUnknown).first(4 * field_size())))
        return fail(HostError::fault);
    give(0);
}

/// By the finisher, as a program without semihosting would do it.
void Caller::switch_off(std::uint64_t code) {
    constexpr std::uint64_t kHighest = 0xffff;
    const auto told = std::min(code, kHighest);
    const auto value = told == 0 ? Finisher::kPass : told << 16 | Finisher::kFail;
    board_.write_device(memory_map::kFinisher.base, AccessSize::word, value);
}

/// Without a block the parameter itself is the reason, and there is no exit code.
void Caller::exit(bool has_block) {
    if (!has_block) return switch_off(parameter() == kApplicationExit ? 0 : 1);
    const auto block = fields<2>();
    if (!block) return;
    const auto [reason, code] = *block;
    switch_off(reason == kApplicationExit ? code : 1);
}

void Caller::get_elapsed() {
    const auto ticks = board_.time().ns;
    if (!write(VirtualAddress{parameter()}, std::as_bytes(std::span(&ticks, 1)))) {
        hart_.write(kA1, hart_.xlen_mask());
        return fail(HostError::fault);
    }
    give(0);
}

void Caller::perform(std::uint32_t operation) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    switch (operation) {
        case SYS_OPEN: return open();
        case SYS_CLOSE: return close();
        case SYS_WRITEC: return write_character();
        case SYS_WRITE0: return write_text();
        case SYS_WRITE: return write_bytes();
        case SYS_READ: return read_bytes();
        case SYS_READC: return read_character();
        case SYS_ISERROR: return is_error();
        case SYS_ISTTY: return is_terminal();
        case SYS_SEEK: return seek();
        case SYS_FLEN: return tell_length();
        case SYS_TMPNAM:
        case SYS_REMOVE:
        case SYS_RENAME: return fail(HostError::access);
        case SYS_CLOCK: return give(board_.time().ns / (kSecond / 100));
        case SYS_TIME: return give(board_.rtc.time(board_.time()) / kSecond);
        case SYS_ERRNO: return give(static_cast<std::uint64_t>(state().error));
        case SYS_GET_CMDLINE: return get_command_line();
        case SYS_HEAPINFO: return get_heap();
        case SYS_EXIT: return exit(hart_.xlen == 64);
        case SYS_EXIT_EXTENDED: return exit(true);
        case SYS_ELAPSED: return get_elapsed();
        case SYS_TICKFREQ: return give(kSecond);
        default: return fail(HostError::not_supported);
    }
}

// ---- what the host is asked ---------------------------------------------------------------------

void Caller::ask(HostRequest request) {
    request.hart = hart_.id;
    state().request = std::move(request);
}

void Caller::ask_console(HostRequest request) {
    request.kind = HostRequest::Kind::read_console;
    const auto received = take_received(request.length);
    if (received.empty()) return ask(std::move(request));
    deliver(request, received);
}

/// There is one console: what was typed before the call has gone to the UART, and comes first.
std::vector<std::byte> Caller::take_received(std::size_t at_most) {
    const auto peek = [&](Uart16550::Register which) {
        return board_.uart.peek(which, AccessSize::byte, board_.time()).value_or(0);
    };
    constexpr std::uint64_t kDataReady = 1, kDivisorLatchAccess = 0x80;
    std::vector<std::byte> received;
    if ((peek(Uart16550::LCR) & kDivisorLatchAccess) != 0) return received;
    while (received.size() < at_most && (peek(Uart16550::LSR) & kDataReady) != 0) {
        const PhysicalAddress at{memory_map::kUart.base.value + Uart16550::RBR};
        received.push_back(static_cast<std::byte>(board_.read_device(at, AccessSize::byte).value_or(0)));
    }
    return received;
}

void Caller::take(const HostRequest& request, const HostAnswer& answer) {
    if (request.kind == HostRequest::Kind::open) return opened(request, answer);
    if (answer.error != HostError::none)
        return fail(answer.error, request.is_character ? ~std::uint64_t{0} : request.asked);
    deliver(request, answer.data);
}

void Caller::opened(const HostRequest& request, const HostAnswer& answer) {
    if (answer.error != HostError::none) return fail(answer.error);
    if (answer.data.size() != sizeof(std::uint64_t)) return fail(HostError::input_output);
    state().files[request.handle] = OpenFile{OpenFile::Kind::file, request.name, 0, number_in(answer.data)};
    give(request.handle);
}

void Caller::deliver(const HostRequest& request, std::span<const std::byte> data) {
    const auto bytes = data.first(std::min<std::size_t>(data.size(), request.length));
    if (request.is_character) {
        return bytes.empty() ? fail(HostError::input_output) : give(std::to_integer<std::uint64_t>(bytes[0]));
    }
    if (!write(request.buffer, bytes)) return fail(HostError::fault, request.asked);
    state().files[request.handle]->position += bytes.size();
    give(request.asked - bytes.size());
}

/// Whether the instructions before and behind the ebreak are those that mark a call. All three lie in one
/// page, so that looking at them can fault no more than fetching the ebreak did.
bool is_call(const Board& board, const Memory& memory, const Hart& hart) {
    constexpr std::array<std::uint32_t, 3> kCall{0x01f0'1013, 0x0010'0073, 0x4070'5013};
    const VirtualAddress first{(hart.pc - sizeof kCall[0]) & hart.xlen_mask()};
    if (first.value % kPageSize > kPageSize - sizeof kCall) return false;
    std::array<std::uint32_t, 3> words{};
    return read_for_hart(board.isa(), memory, hart, first, std::as_writable_bytes(std::span(words)),
                         AccessKind::fetch) &&
           words == kCall;
}

HostAnswer decode(std::span<const std::byte> bytes) {
    constexpr std::size_t kErrorSize = sizeof(std::uint32_t);
    if (bytes.size() < kErrorSize) return {HostError::input_output, {}};
    return {static_cast<HostError>(number_in(bytes.first(kErrorSize))), bytes.subspan(kErrorSize)};
}

}  // namespace

std::optional<ChangedMemory> call_host(Board& board, Memory& memory, Hart& hart) {
    if (!board.options.semihosting || hart.privilege == Privilege::user) return std::nullopt;
    if (!is_call(board, memory, hart)) return std::nullopt;
    Caller caller(board, memory, hart);
    caller.perform(static_cast<std::uint32_t>(hart.x[kA0]));
    return std::move(caller.changed());
}

std::vector<std::byte> input_of(const HostAnswer& answer) {
    const auto error = static_cast<std::uint32_t>(answer.error);
    std::vector<std::byte> bytes(sizeof error + answer.data.size());
    std::memcpy(bytes.data(), &error, sizeof error);
    std::ranges::copy(answer.data, bytes.begin() + sizeof error);
    return bytes;
}

ChangedMemory take_answer(Board& board, Memory& memory, std::span<const std::byte> bytes) {
    const auto request = std::exchange(board.semihosting.request, std::nullopt);
    if (!request) return {};
    Caller caller(board, memory, board.harts[request->hart.value]);
    caller.take(*request, decode(bytes));
    return std::move(caller.changed());
}

}  // namespace backspin::emu
