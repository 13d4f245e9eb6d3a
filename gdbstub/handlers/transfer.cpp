#include "gdbstub/packets/transfer.hpp"

#include "gdbstub/handlers/handlers.hpp"

namespace backspin::gdbstub::handlers {

namespace {

Refused no_such_annex() {
    return {errno_value::no_entry, "no such document"};
}

}  // namespace

Answer transfer(Conversation& conversation, std::string_view packet) {
    const std::optional<TransferRead> request = TransferRead::parse(packet);
    if (!request) return Unsupported{};  // a write of something
    if (request->object == "features") {
        if (request->annex != "target.xml") return no_such_annex();
        return Binary{document_piece(conversation.description_document, request->offset, request->length)};
    }
    if (request->object == "threads") {
        if (!request->annex.empty()) return no_such_annex();
        if (request->offset == 0) {
            conversation.user_thread.threads_listed();
            conversation.threads_document = threads_document(conversation.target);
        }
        return Binary{document_piece(conversation.threads_document, request->offset, request->length)};
    }
    const ExecFile* const file = conversation.target.exec_file();
    if (request->object == "exec-file" && file != nullptr) {  // the annex is a process; there is one
        return Binary{document_piece(file->name(), request->offset, request->length)};
    }
    return Unsupported{};
}

}  // namespace backspin::gdbstub::handlers
