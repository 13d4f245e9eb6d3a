#include "emu/devices/virtio/sound.hpp"

#include <algorithm>
#include <cstring>

#include "emu/devices/virtio/sound_items.hpp"

namespace backspin::emu::virtio {
namespace {

constexpr std::uint32_t kMessageHeader = 4;  ///< struct virtio_snd_pcm_xfer
constexpr std::uint32_t kMessageStatus = 8;  ///< struct virtio_snd_pcm_status
constexpr std::size_t kLongestRequest = 24;  ///< struct virtio_snd_pcm_set_params

std::uint32_t word(std::span<const std::byte> bytes, std::size_t offset) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + offset, 4);
    return value;
}

std::vector<std::byte> with_code(Sound::Code code) {
    const std::uint32_t value = code;
    const auto bytes = std::as_bytes(std::span(&value, 1));
    return {bytes.begin(), bytes.end()};
}

}  // namespace

void Sound::read_configuration(std::uint64_t offset, std::span<std::byte> out) const {
    constexpr std::array<std::uint32_t, 4> kCounts{kSoundJacks, kSoundStreams, kSoundChannelMaps, 0};
    const auto bytes = std::as_bytes(std::span(kCounts));
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = offset + i < bytes.size() ? bytes[offset + i] : std::byte{};
    }
}

void Sound::notified(std::size_t queue, Port& port) {
    switch (queue) {
        case kControl: return look_at_requests(port);
        case kPlay: return begin_next(kPlayback, port, false);
        case kCapture: return begin_next(kRecord, port, false);
        default: return;  // the buffers of the event queue wait for an event, and none is offered
    }
}

// ---- control ------------------------------------------------------------------------------------

void Sound::look_at_requests(Port& port) {
    // As many as the ring holds: a driver that adds more while it is served notifies again.
    for (int i = 0; i < Queue::kMaxSize; ++i) {
        const auto chain = port.pop(kControl);
        if (!chain) return;
        std::array<std::byte, kLongestRequest> request{};
        const auto length = gather(port.dma, chain->readable, 0, request);
        if (!length) return port.fail();
        const auto room = Chain::length(chain->writable);
        const auto answered = answer(std::span(request).first(*length), room, port);
        const auto written = scatter(port.dma, chain->writable, 0, answered);
        if (!written) return port.fail();
        port.push(kControl, *chain, static_cast<std::uint32_t>(*written));
    }
}

std::vector<std::byte> Sound::answer(std::span<const std::byte> request, std::uint64_t room, Port& port) {
    if (request.size() < 8) return with_code(kBadMessage);
    const auto code = static_cast<Code>(word(request, 0));
    if (code != kJackInfo && code != kPcmInfo && code != kChannelMapInfo)
        return with_code(command(code, word(request, 4), request, port));
    if (request.size() < 16) return with_code(kBadMessage);
    const SoundQuery query{word(request, 4), word(request, 8), word(request, 12)};
    const auto items = code == kJackInfo  ? sound_jacks(query)
                       : code == kPcmInfo ? sound_streams(query)
                                          : sound_channel_maps(query);
    if (!items || items->size() + 4 > room) return with_code(kBadMessage);
    auto bytes = with_code(kOk);
    bytes.insert(bytes.end(), items->begin(), items->end());
    return bytes;
}

Sound::Code Sound::command(Code code, std::uint32_t id, std::span<const std::byte> request, Port& port) {
    if (code < kPcmSetParameters || code > kPcmStop) return kNotSupported;
    if (id >= streams_.size()) return kBadMessage;
    auto& stream = streams_[id];
    const auto done = [](bool transition) { return transition ? kOk : kBadMessage; };
    switch (code) {
        case kPcmSetParameters: return set_parameters(stream, request);
        case kPcmPrepare: return done(stream.prepare());
        case kPcmStop: return done(stream.stop(port.now));
        case kPcmRelease:
            if (!stream.release()) return kBadMessage;
            // All messages come back before the answer to this request (5.14.6.6.5.1).
            refuse_all(id, port);
            return kOk;
        default: break;
    }
    if (!stream.start(port.now)) return kBadMessage;
    if (id == kRecord) port.send(to_bytes({SoundHeader::Kind::capture_started, stream.format(), 0}));
    begin_next(id, port, false);
    return kOk;
}

Sound::Code Sound::set_parameters(SoundStream& stream, std::span<const std::byte> request) {
    if (request.size() < kLongestRequest) return kBadMessage;
    const auto buffer = word(request, 8);
    const auto period = word(request, 12);
    const auto features = word(request, 16);
    const auto channels = std::to_integer<std::uint32_t>(request[20]);
    const auto rate = sound_rate(std::to_integer<std::uint8_t>(request[22]));
    if (features != 0 || !rate || std::to_integer<std::uint8_t>(request[21]) != kFormatS16)
        return kNotSupported;
    if (channels < 1 || channels > SoundFormat::kMostChannels) return kNotSupported;
    if (period == 0 || buffer % period != 0) return kBadMessage;
    return stream.set_format({*rate, channels}) ? kOk : kBadMessage;
}

// ---- messages -----------------------------------------------------------------------------------

std::optional<std::uint32_t> Sound::payload(std::uint32_t id, const Chain& chain, Port& port) const {
    std::uint32_t named = 0;
    const auto header = gather(port.dma, chain.readable, 0, std::as_writable_bytes(std::span(&named, 1)));
    const auto readable = Chain::length(chain.readable);
    const auto writable = Chain::length(chain.writable);
    if (!header || readable < kMessageHeader || writable < kMessageStatus || named != id) return std::nullopt;
    const auto bytes = id == kPlayback ? readable - kMessageHeader : writable - kMessageStatus;
    if (!streams_[id].fits(bytes)) return std::nullopt;
    return static_cast<std::uint32_t>(bytes);
}

void Sound::begin_next(std::uint32_t id, Port& port, bool follows) {
    auto& stream = streams_[id];
    if (!stream.takes_messages()) return refuse_all(id, port);
    if (!stream.is_running() || stream.is_busy()) return;
    for (int i = 0; i < Queue::kMaxSize; ++i) {
        const auto chain = port.peek(queue_of(id));
        if (!chain) return;
        if (const auto bytes = payload(id, *chain, port)) return stream.begin(*bytes, port.now, follows);
        refuse(id, port);
    }
}

void Sound::refuse(std::uint32_t id, Port& port) {
    if (const auto chain = port.pop(queue_of(id))) give_back(id, *chain, kIoError, 0, port);
}

void Sound::refuse_all(std::uint32_t id, Port& port) {
    for (int i = 0; i < Queue::kMaxSize && port.has_chain(queue_of(id)); ++i) refuse(id, port);
}

void Sound::give_back(std::uint32_t id, const Chain& chain, Code code, std::uint32_t captured, Port& port) {
    // The status stands at the end; the second word is the latency: none.
    const std::array<std::uint32_t, 2> status{code, 0};
    const auto room = Chain::length(chain.writable);
    const auto at = room - std::min<std::uint64_t>(room, kMessageStatus);
    const auto written = scatter(port.dma, chain.writable, at, std::as_bytes(std::span(status)));
    if (!written) return port.fail();
    port.push(queue_of(id), chain, captured + static_cast<std::uint32_t>(*written));
}

bool Sound::play(const Chain& chain, std::uint32_t bytes, Port& port) {
    std::vector<std::byte> piece(SoundHeader::kBytes + bytes);
    const auto header = to_bytes({SoundHeader::Kind::played, streams_[kPlayback].format(), bytes});
    std::ranges::copy(header, piece.begin());
    const auto frames = std::span(piece).subspan(SoundHeader::kBytes);
    if (gather(port.dma, chain.readable, kMessageHeader, frames) != bytes) return false;
    port.send(piece);
    return true;
}

bool Sound::fill_with_silence(const Chain& chain, std::uint32_t from, std::uint32_t to, Port& port) {
    // What came as input is read as well: an address that is no memory must not pass for captured frames.
    std::vector<std::byte> frames(to);
    const auto captured = std::span(frames).first(std::min(from, to));
    const auto silence = std::span(frames).subspan(captured.size());
    return gather(port.dma, chain.writable, 0, captured).has_value() &&
           scatter(port.dma, chain.writable, captured.size(), silence).has_value();
}

void Sound::finish(std::uint32_t id, Port& port) {
    auto& stream = streams_[id];
    const auto filled = stream.filled();
    stream.end();
    if (const auto chain = port.pop(queue_of(id))) {
        const auto bytes = payload(id, *chain, port);
        const bool captures = id == kRecord;
        const bool done = bytes && (captures ? fill_with_silence(*chain, filled, *bytes, port)
                                             : play(*chain, *bytes, port));
        give_back(id, *chain, done ? kOk : kIoError, done && captures ? *bytes : 0, port);
    }
    begin_next(id, port, true);
}

std::optional<VirtualTime> Sound::next_event() const {
    const auto play = streams_[kPlayback].deadline();
    const auto capture = streams_[kRecord].deadline();
    if (!play || !capture) return play ? play : capture;
    return std::min(*play, *capture);
}

void Sound::event(Port& port) {
    for (const auto id : {kPlayback, kRecord}) {
        const auto deadline = streams_[id].deadline();
        if (deadline && *deadline <= port.now) return finish(id, port);
    }
}

// ---- input --------------------------------------------------------------------------------------

std::size_t Sound::room_for_input(Port&) const {
    const auto& stream = streams_[kRecord];
    return stream.is_running() ? stream.bytes() - stream.filled() : 0;
}

void Sound::input(std::span<const std::byte> bytes, Port& port) {
    auto& stream = streams_[kRecord];
    const auto taken = bytes.first(std::min(bytes.size(), room_for_input(port)));
    if (taken.empty()) return;
    const auto offset = stream.filled();
    if (const auto chain = port.peek(kCapture); chain && payload(kRecord, *chain, port)) {
        // What is no memory is found out once more at the message's end, and answered there.
        static_cast<void>(scatter(port.dma, chain->writable, offset, taken));
    }
    stream.fill(static_cast<std::uint32_t>(taken.size()));
}

}  // namespace backspin::emu::virtio
