/* chat_offer.c - what a yes does; the offers are made by chat_make_offer. See chat.h. */
#include <strings.h>

#include "app/chat/chat.h"

bool chat_answer_offer(Chat *chat, const char *line, Err *err)
{
    ChatOffer offer = chat->offer;
    bool yes = strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
    bool no = strcasecmp(line, "n") == 0 || strcasecmp(line, "no") == 0;
    chat->offer = OFFER_NONE;
    if (offer == OFFER_NONE || (!yes && !no))
        return false;
    if (no) {
        chat_notice(chat, "nothing is changed");
        return true;
    }
    switch (offer) {
    case OFFER_NONE:
        break;
    case OFFER_UNLOAD:
        chat_ask_switch(chat, -1, chat->offered, true, err);
        break;
    case OFFER_REPLACE:
        chat_change_place(chat, chat->offered, NULL, err);
        break;
    case OFFER_CPU:
        chat_change_place(chat, NULL, "cpu", err);
        break;
    case OFFER_GO_ON:
        chat_go_on(chat, err);
        break;
    case OFFER_DELETE:
        chat_delete(chat, chat->offered, err);
        break;
    }
    if (err->code)
        chat->offer = offer;
    return true;
}
