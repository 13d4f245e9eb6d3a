// One connection to the outside as bytes both ways, over any of Asio's streams.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace backspin::cli {

/// Called from HostLoop::poll() and wait().
struct LinkEvents {
    std::function<void(std::span<const std::byte>)> received;
    std::function<void()> closed;  ///< by the other side, by an error, or because all was sent after finish()
};

class Link {
  public:
    virtual ~Link() = default;
    /// Queues bytes. They go out in order, as fast as the other side takes them.
    virtual void send(std::span<const std::byte> bytes) = 0;
    /// Bytes queued and not yet handed to the host.
    virtual std::size_t unsent() const = 0;
    /// Off: what the other side sends waits with the host, which in time makes the other side wait.
    virtual void set_reading(bool on) = 0;
    /// Closes once all is sent.
    virtual void finish() = 0;
    /// Closes at once. No event follows.
    virtual void close() = 0;
};

/// Reader and Writer are stream objects of Asio; they may be references to the same one. Handlers keep the
/// object alive until they have run, so the owner may drop it at any time after close().
template <class Reader, class Writer>
class StreamLink final : public Link, public std::enable_shared_from_this<StreamLink<Reader, Writer>> {
  public:
    StreamLink(std::shared_ptr<Reader> reader, std::shared_ptr<Writer> writer, LinkEvents events)
        : reader_(std::move(reader)), writer_(std::move(writer)), events_(std::move(events)) {}

    void send(std::span<const std::byte> bytes) override {
        if (closed_ || finishing_) return;
        queued_.insert(queued_.end(), bytes.begin(), bytes.end());
        write();
    }

    std::size_t unsent() const override { return queued_.size() + sending_.size(); }

    void set_reading(bool on) override {
        reading_ = on;
        read();
    }

    void finish() override {
        const auto self = this->shared_from_this();  // the owner drops this object when told
        finishing_ = true;
        if (unsent() == 0) lost();
    }

    void close() override {
        closed_ = true;
        boost::system::error_code ignored;
        reader_->close(ignored);
        writer_->close(ignored);
        queued_.clear();
    }

  private:
    void read() {
        if (closed_ || !reading_ || read_pending_) return;
        read_pending_ = true;
        reader_->async_read_some(boost::asio::buffer(received_),
                                 [self = this->shared_from_this()](const auto& error, std::size_t size) {
                                     self->read_pending_ = false;
                                     if (self->closed_) return;
                                     if (error) return self->lost();
                                     self->events_.received(std::span{self->received_}.first(size));
                                     self->read();
                                 });
    }

    void write() {
        if (closed_ || !sending_.empty() || queued_.empty()) return;
        sending_.swap(queued_);
        boost::asio::async_write(*writer_, boost::asio::buffer(sending_),
                                 [self = this->shared_from_this()](const auto& error, std::size_t) {
                                     self->sending_.clear();
                                     if (self->closed_) return;
                                     if (error) return self->lost();
                                     self->write();
                                     if (self->finishing_ && self->unsent() == 0) self->lost();
                                 });
    }

    void lost() {
        if (closed_) return;
        close();
        const auto closed = std::move(events_.closed);
        if (closed) closed();
    }

    std::shared_ptr<Reader> reader_;
    std::shared_ptr<Writer> writer_;
    LinkEvents events_;
    std::array<std::byte, 65536> received_;
    std::vector<std::byte> queued_;
    std::vector<std::byte> sending_;
    bool reading_ = false;
    bool read_pending_ = false;
    bool finishing_ = false;
    bool closed_ = false;
};

}  // namespace backspin::cli
